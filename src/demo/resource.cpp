#include "demo/resource.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "base/uuid.hpp"

namespace demo {
namespace {

std::string instance_id() {
    const char* given = std::getenv("OPAMP_INSTANCE_UID");
    if (given && *given) return given;
    return base::Uuid::v7(std::chrono::system_clock::now()).text();
}

}  // namespace

telemetry::Source this_service(const telemetry::Attributes& said) {
    telemetry::Source source;
    source.scope = "demo-service";
    source.scope_version = OPAMPD_VERSION;
    source.resource = {{"service.name", "demo-service"},
                       {"service.version", OPAMPD_VERSION},
                       {"service.instance.id", instance_id()},
                       {"process.pid", std::int64_t(::getpid())}};
    for (const auto& [name, value] : said) telemetry::set(source.resource, name, value);
    return source;
}

}  // namespace demo
