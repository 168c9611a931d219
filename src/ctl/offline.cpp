#include "ctl/offline.hpp"

#include <boost/json.hpp>

#include "base/bytes.hpp"
#include "ctl/sign.hpp"
#include "rules/admission.hpp"
#include "settings/describe.hpp"
#include "settings/load.hpp"

namespace ctl {
namespace {

namespace json = boost::json;
using base::Error;
using base::Kind;
using base::Result;

std::string line(json::object object) {
    return json::serialize(object) + "\n";
}

Result<End> check(const Options& options) {
    const std::string& file = options.operands.front();
    const auto loaded = settings::load(file);
    if (!loaded) return loaded.error();
    std::string problems;
    json::array list;
    for (const settings::Problem& problem : loaded->problems) {
        const std::string text = settings::to_text(problem, file);
        problems += text + "\n";
        list.emplace_back(base::to_valid_utf8(text));
    }
    for (const settings::Agent& agent : loaded->settings.agents) {
        if (!loaded->problems.empty()) break;
        const auto admission = rules::read_admission(agent);
        if (admission) continue;
        problems += file + ": " + admission.error().text() + "\n";
        list.emplace_back(base::to_valid_utf8(admission.error().text()));
    }
    const int code = list.empty() ? kDone : kUsage;
    const std::string description = code == kDone ? settings::describe(loaded->settings) : "";
    if (!options.json) return End{description, problems, code};
    return End{line({{"problems", std::move(list)}, {"description", base::to_valid_utf8(description)}}), "", code};
}

Result<End> keygen(const Options& options) {
    const auto made = make_key(options.operands.front(), options.comment);
    if (!made) return made.error();
    std::string key = made->public_line;
    if (options.json) {
        key.pop_back();  // the newline
        return End{line({{"public_key", key},
                         {"public_key_file", made->public_file.string()},
                         {"secret_key_file", made->secret_file.string()}}),
                   "", kDone};
    }
    return End{key,
               "opampctl: the secret key is in '" + made->secret_file.string() +
                   "'; keep it where configs are written, and have the hosts trust '" + made->public_file.string() +
                   "'\n",
               kDone};
}

/// What opamp-server takes as an agent's config. Errors: invalid (a body that JSON cannot carry).
Result<std::string> as_offer(const opamp::ConfigMap& entries) {
    json::object files;
    for (const auto& [name, file] : entries) {
        if (base::to_valid_utf8(file.body) != file.body)
            return Error(Kind::invalid, "the entry '" + name + "' is not UTF-8 text, which is all that JSON can carry")
                .hint("without --json the signature alone is printed");
        files[name] = json::object{{"body", file.body}, {"content_type", file.content_type}};
    }
    return line({{"files", std::move(files)}});
}

Result<End> sign(const Options& options) {
    const auto header = parse_header(options.serial, options.not_before, options.not_after);
    if (!header) return header.error();
    auto entries = read_entries(options.operands);
    if (!entries) return std::move(entries).error();
    const auto with_signature = sign_entries(std::move(*entries), *header, options.key);
    if (!with_signature) return with_signature.error();
    if (!options.json) return End{with_signature->at(std::string(config::kSignatureEntry)).body, "", kDone};
    auto offer = as_offer(*with_signature);
    if (!offer) return std::move(offer).error();
    return End{std::move(*offer), "", kDone};
}

}  // namespace

Result<End> work_offline(const Options& options) {
    switch (*options.offline) {
    case Offline::check: return check(options);
    case Offline::keygen: return keygen(options);
    case Offline::sign: return sign(options);
    }
    return Error(Kind::bug, "there is no such command");
}

}  // namespace ctl
