#include "config/install.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/acting_for.hpp"
#include "base/bytes.hpp"
#include "base/files.hpp"
#include "base/pieces.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;
constexpr mode_t kPrivateFile = 0600, kPrivateFolder = 0700;

/// Files that are all written before the first of them takes the place of an old one.
class Replacements {
public:
    explicit Replacements(const base::Owner& owner) : owner_(owner) {}
    Replacements(const Replacements&) = delete;
    ~Replacements() {
        for (const fs::path& file : prepared_) base::remove_unfinished(file);
    }

    base::Result<void> prepare(const fs::path& file, const std::string& content) {
        if (base::has_content(file, content) && base::is_of(file, owner_)) return {};
        base::Pieces pieces;
        pieces.add(content);
        auto prepared = base::prepare_file(file, pieces, kPrivateFile, owner_);
        if (prepared) prepared_.insert(file);
        return prepared;
    }

    base::Result<void> finish(const fs::path& file) {
        return prepared_.erase(file) == 0 ? base::Result<void>() : base::finish_file(file);
    }

private:
    const base::Owner& owner_;
    std::set<fs::path> prepared_;
};

/// Calls `visit` with the name of each folder that `name` has in it, "a" and "a/b" of "a/b/c", as long as it says true.
template <typename Visit>
bool each_folder(const std::string& name, Visit visit) {
    for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
        if (!visit(name.substr(0, slash))) return false;
    return true;
}

/// Those above `name`. What is closed to all but its owner is given to the one who is to read what is in it.
base::Result<void> make_folders(const fs::path& folder, const std::string& name, const base::Owner& owner) {
    base::Result<void> made;
    each_folder(name, [&](const std::string& above) {
        const fs::path path = folder / above;
        made = base::make_folder(path, kPrivateFolder);
        std::error_code code;
        const bool is_closed = fs::status(path, code).permissions() == fs::perms::owner_all;
        if (made && is_closed && !base::is_of(path, owner)) made = base::give_to(path, owner);
        return static_cast<bool>(made);
    });
    return made;
}

fs::file_type type_of(const fs::path& path) {
    std::error_code code;
    return fs::symlink_status(path, code).type();
}

/// Of a file that was removed, those folders that nothing is left in.
void remove_empty_folders(const fs::path& folder, const std::string& name) {
    for (fs::path above = fs::path(name).parent_path(); !above.empty(); above = above.parent_path())
        if (::rmdir((folder / above).c_str()) != 0) return;
}

base::Result<void> remove_file(const fs::path& file) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT)
        return base::errno_error(errno).within("removing '" + file.string() + "'");
    return {};
}

/// What was a file and is a folder now, or the other way round: it has to go before the new ones come.
std::set<std::string> in_the_way(const Effective& now, const Installed& before) {
    std::set<std::string> folders, found;
    for (const auto& [name, body] : now.beside)
        each_folder(name, [&](std::string above) { return folders.insert(std::move(above)), true; });
    for (const std::string& name : before.beside) {
        const bool is_below_file =
            !each_folder(name, [&](const std::string& above) { return !now.beside.contains(above); });
        if (is_below_file || folders.contains(name)) found.insert(name);
    }
    return found;
}

base::Result<void> remove_files(const fs::path& folder, const std::set<std::string>& names) {
    for (const std::string& name : names) {
        if (auto removed = remove_file(folder / name); !removed) return removed;
        remove_empty_folders(folder, name);
    }
    return {};
}

base::Error taken(const std::string& name, const fs::path& path) {
    return base::Error(base::Kind::invalid, "entry " + base::quoted_if_needed(name) + ": '" + path.string() +
                                                "' exists and is not from an earlier offer")
        .hint("choose another name, or move that file away");
}

base::Result<void> check_free(const fs::path& folder, const std::string& name, const std::string& body,
                              const Installed& before) {
    fs::path in_the_way;
    each_folder(name, [&](const std::string& above) {
        const auto type = type_of(folder / above);  // a link may lead anywhere
        if (type == fs::file_type::directory || type == fs::file_type::not_found || before.beside.contains(above))
            return true;
        in_the_way = folder / above;
        return false;
    });
    if (!in_the_way.empty()) return taken(name, in_the_way);
    const fs::path file = folder / name;
    const auto type = type_of(file);
    if (before.beside.contains(name) || type == fs::file_type::not_found) return {};
    const bool was_our_folder =
        std::ranges::any_of(before.beside, [&](const std::string& other) { return other.starts_with(name + "/"); });
    if (type == fs::file_type::directory && was_our_folder) return {};
    // A stop between writing the files and noting it leaves exactly this content.
    if (base::has_content(file, body)) return {};
    return taken(name, file);
}

}  // namespace

void Installed::add(const Effective& effective) {
    main = main || effective.main;
    for (const auto& [name, body] : effective.beside) beside.insert(name);
}

base::Result<void> check_names(const Effective& now, const Installed& before, const fs::path& config_path) {
    const fs::path folder = config_path.parent_path();
    for (const auto& [name, body] : now.beside) {
        if (folder / name == config_path)
            return base::Error(base::Kind::invalid,
                               "entry " + base::quoted_if_needed(name) + " has the name of the config file itself");
        if (auto is_free = check_free(folder, name, body, before); !is_free) return is_free;
    }
    return {};
}

base::Result<void> install(const Effective& now, const Installed& before, const fs::path& config_path,
                           const base::Owner& owner) {
    const base::ActingFor acting(owner, config_path.parent_path());
    const fs::path folder = config_path.parent_path();
    if (auto are_free = check_names(now, before, config_path); !are_free) return are_free;
    const auto first = in_the_way(now, before);
    if (auto cleared = remove_files(folder, first); !cleared) return cleared;
    Replacements files(owner);
    for (const auto& [name, body] : now.beside) {
        if (auto made = make_folders(folder, name, owner); !made) return made;
        if (auto prepared = files.prepare(folder / name, body); !prepared) return prepared;
    }
    if (now.main)
        if (auto prepared = files.prepare(config_path, *now.main); !prepared) return prepared;
    for (const auto& [name, body] : now.beside)
        if (auto finished = files.finish(folder / name); !finished) return finished;
    std::set<std::string> last;
    for (const std::string& name : before.beside)
        if (!now.beside.contains(name) && !first.contains(name)) last.insert(name);
    if (auto removed = remove_files(folder, last); !removed) return removed;
    if (now.main) return files.finish(config_path);
    return before.main ? remove_file(config_path) : base::Result<void>();
}

}  // namespace config
