#include "config/install.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/bytes.hpp"
#include "base/files.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;
constexpr mode_t kPrivateFile = 0600;

base::Result<void> write_file(const fs::path& file, const std::string& content) {
    const auto there = base::read_file(file);
    if (there && *there == content) return {};
    return base::replace_file(file, content, kPrivateFile);
}

base::Result<void> remove_file(const fs::path& file) {
    if (::unlink(file.c_str()) != 0 && errno != ENOENT)
        return base::errno_error(errno).within("removing '" + file.string() + "'");
    return {};
}

base::Result<void> check_free(const fs::path& file, const std::string& name, const std::string& body,
                              const Effective& before) {
    std::error_code code;
    if (before.beside.contains(name) || !fs::exists(fs::symlink_status(file, code))) return {};
    // A stop between writing the files and noting it leaves exactly this content.
    const auto there = base::read_file(file);
    if (there && *there == body) return {};
    return base::Error(base::Kind::invalid, "entry " + base::quoted_if_needed(name) + ": '" + file.string() +
                                                "' exists and is not from an earlier offer")
        .hint("choose another name, or move that file away");
}

}  // namespace

base::Result<void> check_names(const Effective& now, const Effective& before, const fs::path& config_path) {
    const fs::path folder = config_path.parent_path();
    for (const auto& [name, body] : now.beside) {
        if (folder / name == config_path)
            return base::Error(base::Kind::invalid,
                               "entry " + base::quoted_if_needed(name) + " has the name of the config file itself");
        if (auto is_free = check_free(folder / name, name, body, before); !is_free) return is_free;
    }
    return {};
}

base::Result<void> install(const Effective& now, const Effective& before, const fs::path& config_path) {
    const fs::path folder = config_path.parent_path();
    if (auto are_free = check_names(now, before, config_path); !are_free) return are_free;
    for (const auto& [name, body] : now.beside)
        if (auto written = write_file(folder / name, body); !written) return written;
    for (const auto& [name, body] : before.beside)
        if (!now.beside.contains(name))
            if (auto removed = remove_file(folder / name); !removed) return removed;
    if (now.main) return write_file(config_path, *now.main);
    return before.main ? remove_file(config_path) : base::Result<void>();
}

}  // namespace config
