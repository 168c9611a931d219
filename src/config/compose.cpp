#include "config/compose.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "config/entries.hpp"
#include "config/yaml.hpp"

namespace config {
namespace {

/// A body and what to call it in an error.
struct Source {
    std::string name;
    const std::string* body;
};

base::Result<std::string> merge_sources(const std::vector<Source>& sources) {
    yaml::Value merged;
    for (const Source& source : sources) {
        auto value = yaml::parse(*source.body);
        if (!value) return std::move(value).error().within(source.name);
        if (value->kind == yaml::Value::Kind::null) continue;
        if (value->kind != yaml::Value::Kind::map)
            return base::Error(base::Kind::invalid,
                               source.name + ": not a map, so it cannot be merged with the others");
        yaml::merge(merged, std::move(*value));
    }
    if (merged.kind == yaml::Value::Kind::null) merged.kind = yaml::Value::Kind::map;
    return yaml::emit(merged);
}

/// One source is passed on as it is; several are merged.
base::Result<std::string> make_main(const std::vector<Source>& sources) {
    if (sources.size() > 1) return merge_sources(sources);
    if (auto valid = yaml::check(*sources.front().body); !valid)
        return std::move(valid).error().within(sources.front().name);
    return *sources.front().body;
}

/// The entries of an offer by what becomes of them.
struct Sorted {
    std::vector<Source> yaml;  ///< By name, the empty name last.
    std::map<std::string, const std::string*> others;
};

Sorted sort_entries(const opamp::ConfigMap& files, Format format) {
    Sorted sorted;
    for (const auto& [name, file] : files) {
        if (is_yaml(name, file, format))
            sorted.yaml.push_back({entry_name(name), &file.body});
        else
            sorted.others[name] = &file.body;
    }
    // A std::map has the empty name first.
    const bool unnamed_first = files.contains("") && is_yaml("", files.at(""), format);
    if (unnamed_first) std::rotate(sorted.yaml.begin(), sorted.yaml.begin() + 1, sorted.yaml.end());
    return sorted;
}

/// Nothing of the offer is YAML: its unnamed entry, or its only one, is the config; it cannot be merged with local
/// files.
base::Result<void> take_opaque_main(Sorted& sorted, Effective& effective) {
    const auto main = sorted.others.size() == 1 ? sorted.others.begin() : sorted.others.find("");
    if (main == sorted.others.end())
        return base::Error(base::Kind::invalid, "none of the " + std::to_string(sorted.others.size()) +
                                                    " entries can be the agent's config file")
            .hint("give one of them the empty name");
    effective.main = *main->second;
    sorted.others.erase(main);
    return {};
}

base::Result<void> take_beside(const Sorted& sorted, Effective& effective) {
    for (const auto& [name, body] : sorted.others) {
        if (auto fine = check_file_name(name); !fine) return fine;
        effective.beside[name] = *body;
    }
    return {};
}

}  // namespace

base::Result<Effective> compose(const std::vector<LocalFile>& local, const opamp::ConfigMap* remote, Format format) {
    Effective effective;
    const bool has_remote = remote && !remote->empty();
    if (has_remote)
        if (auto counted = check_count(*remote); !counted) return std::move(counted).error();
    if (local.empty() && !has_remote) {
        effective.runs = !remote;
        return effective;
    }
    Sorted sorted = has_remote ? sort_entries(*remote, format) : Sorted{};
    std::vector<Source> sources;
    if (format != Format::raw || !has_remote)
        for (const LocalFile& file : local) sources.push_back({"local file '" + file.name + "'", &file.body});
    sources.insert(sources.end(), sorted.yaml.begin(), sorted.yaml.end());

    if (format == Format::raw && !has_remote) {
        if (local.size() > 1)
            return base::Error(base::Kind::invalid, "several local files can be merged only as YAML")
                .hint("leave one in config_files");
        effective.main = local.front().body;
        return effective;
    }
    if (sources.empty()) {
        if (auto taken = take_opaque_main(sorted, effective); !taken) return std::move(taken).error();
    } else {
        auto main = make_main(sources);
        if (!main) return std::move(main).error();
        effective.main = std::move(*main);
    }
    if (auto taken = take_beside(sorted, effective); !taken) return std::move(taken).error();
    return effective;
}

std::string hash(const Effective& effective) {
    if (!effective.runs) return base::sha256("no config");
    const std::string_view main = effective.main ? *effective.main : std::string_view();
    if (effective.beside.empty()) return base::sha256(main);
    std::string listing;
    const auto add = [&](const std::string& name, std::string_view body) {
        listing += std::to_string(name.size()) + ":" + name + base::sha256(body);
    };
    add("", main);
    for (const auto& [name, body] : effective.beside) add(name, body);
    return base::sha256(listing);
}

opamp::ConfigMap as_config_map(Effective effective) {
    opamp::ConfigMap files;
    if (effective.main) files[""] = {std::move(*effective.main), ""};
    for (auto& [name, body] : effective.beside) files[name] = {std::move(body), ""};
    return files;
}

}  // namespace config
