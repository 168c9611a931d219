#include "config/install.hpp"

#include <unistd.h>

#include <cerrno>
#include <set>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "base/pieces.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;
constexpr mode_t kPrivateFile = 0600;

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

base::Result<void> remove_file(const fs::path& file) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT)
        return base::errno_error(errno).within("removing '" + file.string() + "'");
    return {};
}

base::Result<void> check_free(const fs::path& file, const std::string& name, const std::string& body,
                              const Installed& before) {
    std::error_code code;
    if (before.beside.contains(name) || !fs::exists(fs::symlink_status(file, code))) return {};
    // A stop between writing the files and noting it leaves exactly this content.
    if (base::has_content(file, body)) return {};
    return base::Error(base::Kind::invalid, "entry " + base::quoted_if_needed(name) + ": '" + file.string() +
                                                "' exists and is not from an earlier offer")
        .hint("choose another name, or move that file away");
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
        if (auto is_free = check_free(folder / name, name, body, before); !is_free) return is_free;
    }
    return {};
}

base::Result<void> install(const Effective& now, const Installed& before, const fs::path& config_path,
                           const base::Owner& owner) {
    const fs::path folder = config_path.parent_path();
    if (auto are_free = check_names(now, before, config_path); !are_free) return are_free;
    Replacements files(owner);
    for (const auto& [name, body] : now.beside)
        if (auto prepared = files.prepare(folder / name, body); !prepared) return prepared;
    if (now.main)
        if (auto prepared = files.prepare(config_path, *now.main); !prepared) return prepared;
    for (const auto& [name, body] : now.beside)
        if (auto finished = files.finish(folder / name); !finished) return finished;
    for (const std::string& name : before.beside)
        if (!now.beside.contains(name))
            if (auto removed = remove_file(folder / name); !removed) return removed;
    if (now.main) return files.finish(config_path);
    return before.main ? remove_file(config_path) : base::Result<void>();
}

}  // namespace config
