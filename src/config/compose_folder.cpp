#include <filesystem>
#include <utility>

#include "config/compose.hpp"
#include "config/entries.hpp"
#include "config/yaml.hpp"

namespace config {
namespace {

constexpr int kDeepest = 8;

/// Folders and a file name, each of which is one.
base::Result<void> check_path(const std::string& name) {
    std::size_t begin = 0;
    for (int depth = 0; depth < kDeepest; ++depth) {
        const std::size_t end = name.find('/', begin);
        if (auto fine = check_file_name(name.substr(begin, end - begin)); !fine)
            return std::move(fine).error().within(entry_name(name));
        if (end == std::string::npos) return {};
        begin = end + 1;
    }
    return base::Error(base::Kind::invalid, entry_name(name) + " is too deep")
        .hint("at most " + std::to_string(kDeepest - 1) + " folders");
}

/// In the order of names whatever is below "a/" comes after "a", but not always next to it.
base::Result<void> check_folders(const std::map<std::string, std::string>& files) {
    for (const auto& [name, body] : files)
        for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
            if (files.contains(name.substr(0, slash)))
                return base::Error(base::Kind::invalid, entry_name(name) + " needs a folder where " +
                                                            entry_name(name.substr(0, slash)) + " is a file");
    return {};
}

base::Result<void> add_entries(const opamp::ConfigMap& entries, Format format, const std::string& main_name,
                               std::map<std::string, std::string>& files) {
    if (auto counted = check_count(entries); !counted) return counted;
    if (entries.contains("") && entries.contains(main_name))
        return base::Error(base::Kind::invalid,
                           entry_name(main_name) + " is there twice: the entry without a name is it")
            .hint("leave one of them out");
    for (const auto& [name, file] : entries) {
        const std::string& path = name.empty() ? main_name : name;
        if (auto fine = check_path(path); !fine) return fine;
        if (format == Format::yaml)
            if (auto valid = yaml::check(file.body); !valid) return std::move(valid).error().within(entry_name(name));
        files[path] = file.body;
    }
    return {};
}

}  // namespace

base::Result<Effective> compose_folder(const std::vector<LocalFile>& local, const opamp::ConfigMap* remote,
                                       Format format, const MainFile& main) {
    Effective effective;
    if (local.empty() && (!remote || remote->empty())) {
        effective.runs = !remote;
        return effective;
    }
    for (const LocalFile& file : local) {
        const std::string name = std::filesystem::path(file.name).filename().string();
        if (!effective.beside.emplace(name, file.body).second)
            return base::Error(base::Kind::invalid, "two local files have the name " + name)
                .hint("in a folder each needs one of its own");
    }
    if (remote)
        if (auto added = add_entries(*remote, format, main.name, effective.beside); !added)
            return std::move(added).error();
    if (auto apart = check_folders(effective.beside); !apart) return std::move(apart).error();
    auto found = effective.beside.extract(main.name);
    if (found) effective.main = std::move(found.mapped());
    if (!found && main.is_needed)
        return base::Error(base::Kind::invalid, "the config has no " + entry_name(main.name))
            .hint("give one entry that name, or none");
    return effective;
}

}  // namespace config
