#include "supervisor/host.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/utsname.h>

#include <algorithm>
#include <memory>

#include "base/blocked_signals.hpp"
#include "base/bytes.hpp"
#include "base/files.hpp"

namespace supervisor {
namespace {

constexpr std::uint64_t kMostOfFile = 1u << 20;
constexpr std::size_t kIdSize = 64;
constexpr std::size_t kMostAddresses = 16;

std::string text_of(const std::filesystem::path& file) {
    auto text = base::read_file(file, kMostOfFile);
    return text ? std::string(base::trimmed(*text, " \t\r\n")) : "";
}

/// Of lines like NAME="value".
std::string value_in(const std::string& text, const std::string& name) {
    const std::size_t at = ("\n" + text).find("\n" + name + "=");
    if (at == std::string::npos) return {};
    std::string value = text.substr(at + name.size() + 1, text.find('\n', at) - at - name.size() - 1);
    std::erase(value, '"');
    std::erase(value, '\'');
    return value;
}

std::string architecture(const std::string& machine) {
    if (machine == "x86_64") return "amd64";
    return machine == "aarch64" ? "arm64" : machine;
}

bool is_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The last 64 hexadecimal digits in `line` that stand alone.
std::string_view id_in(std::string_view line) {
    for (std::size_t end = line.size(); end >= kIdSize; --end) {
        const std::string_view id = line.substr(end - kIdSize, kIdSize);
        const bool begins = end == kIdSize || !is_hex(line.substr(end - kIdSize - 1, 1));
        const bool ends = end == line.size() || !is_hex(line.substr(end, 1));
        if (begins && ends && is_hex(id)) return id;
    }
    return {};
}

template <typename Visit>
void each_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        visit(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::string address_of(const ifaddrs& entry) {
    constexpr unsigned kWanted = IFF_UP, kNot = IFF_LOOPBACK;
    if (!entry.ifa_addr || (entry.ifa_flags & kWanted) == 0 || (entry.ifa_flags & kNot) != 0) return {};
    char text[INET6_ADDRSTRLEN] = "";
    if (entry.ifa_addr->sa_family == AF_INET) {
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(entry.ifa_addr)->sin_addr, text, sizeof text);
    } else if (entry.ifa_addr->sa_family == AF_INET6) {
        const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr)->sin6_addr;
        if (!IN6_IS_ADDR_LINKLOCAL(&address)) ::inet_ntop(AF_INET6, &address, text, sizeof text);
    }
    return text;
}

std::string addresses() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, ::freeifaddrs);
    std::string joined;
    std::size_t count = 0;
    for (const ifaddrs* next = list; next && count < kMostAddresses; next = next->ifa_next) {
        const std::string address = address_of(*next);
        if (address.empty()) continue;
        joined += (joined.empty() ? "" : ",") + address;
        ++count;
    }
    return joined;
}

/// "/pods/UID/" of the mounts that the kubelet makes.
std::string pod_uid(std::string_view mountinfo) {
    constexpr std::string_view kPods = "/pods/";
    constexpr std::size_t kUidSize = 36;
    const std::size_t at = mountinfo.find(kPods);
    if (at == std::string_view::npos) return {};
    const std::string_view uid = mountinfo.substr(at + kPods.size(), kUidSize);
    const bool is_uid = uid.size() == kUidSize && uid.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
    return is_uid ? std::string(uid) : "";
}

void add(Facts& facts, const char* name, const std::string& value) {
    if (!value.empty()) facts[name] = value;
}

void add_kubernetes(Facts& facts, const HostSources& sources, const std::string& mountinfo) {
    if (sources.variable("KUBERNETES_SERVICE_HOST").empty()) return;
    const auto first_of = [&](std::initializer_list<const char*> names) {
        for (const char* name : names)
            if (std::string value = sources.variable(name); !value.empty()) return value;
        return std::string();
    };
    // Where the pod does not hand them down as variables, what its files say.
    const auto otherwise = [](std::string value, const std::string& other) { return value.empty() ? other : value; };
    const auto account = sources.root / "var/run/secrets/kubernetes.io/serviceaccount";
    add(facts, "k8s.namespace.name",
        otherwise(first_of({"K8S_NAMESPACE_NAME", "POD_NAMESPACE"}), text_of(account / "namespace")));
    add(facts, "k8s.pod.name", first_of({"K8S_POD_NAME", "POD_NAME", "HOSTNAME"}));
    add(facts, "k8s.pod.uid", otherwise(first_of({"K8S_POD_UID", "POD_UID"}), pod_uid(mountinfo)));
    add(facts, "k8s.node.name", first_of({"K8S_NODE_NAME", "NODE_NAME"}));
    add(facts, "k8s.container.name", first_of({"K8S_CONTAINER_NAME", "CONTAINER_NAME"}));
}

}  // namespace

std::string container_id(std::string_view cgroup, std::string_view mountinfo) {
    std::string_view found;
    each_line(cgroup, [&](std::string_view line) {
        if (const auto id = id_in(line); !id.empty()) found = id;
    });
    // With a cgroup namespace that says nothing, but the files that a runtime mounts are in a folder of its name.
    if (found.empty())
        each_line(mountinfo, [&](std::string_view line) {
            if (line.find("/containers/") == std::string_view::npos &&
                line.find("-containers/") == std::string_view::npos)
                return;
            if (const auto id = id_in(line); found.empty() && !id.empty()) found = id;
        });
    return std::string(found);
}

Facts describe_os(const HostSources& sources) {
    utsname system{};
    ::uname(&system);
    Facts facts{{"os.type", "linux"},
                {"os.version", system.release},
                {"host.name", system.nodename},
                {"host.arch", architecture(system.machine)}};
    const std::string release = text_of(sources.root / "etc/os-release");
    add(facts, "os.name", value_in(release, "NAME"));
    add(facts, "os.version", value_in(release, "VERSION_ID"));
    add(facts, "os.description", value_in(release, "PRETTY_NAME"));
    return facts;
}

Facts describe_surroundings(const HostSources& sources) {
    Facts facts;
    add(facts, "host.id", text_of(sources.root / "etc/machine-id"));
    add(facts, "host.ip", addresses());
    const std::string mountinfo = text_of(sources.root / "proc/self/mountinfo");
    add(facts, "container.id", container_id(text_of(sources.root / "proc/self/cgroup"), mountinfo));
    add_kubernetes(facts, sources, mountinfo);
    return facts;
}

Host look_around(const HostSources& sources) {
    Host host{describe_os(sources), {}};
    const base::BlockedSignals blocked;
    // Without a thread to be had: when it is asked for.
    host.surroundings =
        std::async(std::launch::async | std::launch::deferred, [sources] { return describe_surroundings(sources); });
    return host;
}

}  // namespace supervisor
