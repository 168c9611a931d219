#include "settings/environment.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "base/files.hpp"
#include "base/number.hpp"

namespace settings {
namespace {

/// More than any settings file, token or certificate has.
constexpr std::uint64_t kReadLimit = 4u << 20;

std::vector<std::uint32_t> groups_of(const passwd& user) {
    int count = 64;
    std::vector<gid_t> all(static_cast<std::size_t>(count));
    if (::getgrouplist(user.pw_name, user.pw_gid, all.data(), &count) < 0) {
        all.resize(static_cast<std::size_t>(count));
        if (::getgrouplist(user.pw_name, user.pw_gid, all.data(), &count) < 0) count = 0;
    }
    all.resize(static_cast<std::size_t>(count));
    std::erase(all, user.pw_gid);
    return {all.begin(), all.end()};
}

std::string text_of(const char* text) {
    return text ? text : "";
}

class SystemEnvironment : public Environment {
public:
    std::optional<std::string> variable(const std::string& name) const override {
        const char* value = std::getenv(name.c_str());
        return value ? std::optional<std::string>(value) : std::nullopt;
    }

    bool is_root() const override { return ::geteuid() == 0; }
    std::uint32_t user_id() const override { return ::geteuid(); }

    std::optional<User> find_user(const std::string& name) const override {
        const passwd* found = ::getpwnam(name.c_str());
        const auto number = base::parse_number<std::uint32_t>(name);
        if (!found && number) found = ::getpwuid(*number);
        if (found)
            return User{found->pw_uid,
                        found->pw_gid,
                        text_of(found->pw_name),
                        text_of(found->pw_dir),
                        text_of(found->pw_shell),
                        groups_of(*found)};
        if (!number || *number == kNobodyAtAll) return std::nullopt;
        return User{*number, kNobodyAtAll, "", "", "", {}};
    }

    std::optional<std::uint32_t> find_group(const std::string& name) const override {
        if (const group* found = ::getgrnam(name.c_str())) return found->gr_gid;
        const auto number = base::parse_number<std::uint32_t>(name);
        return number == kNobodyAtAll ? std::nullopt : number;
    }

    std::filesystem::path working_directory() const override {
        std::error_code code;
        auto folder = std::filesystem::current_path(code);
        return code ? std::filesystem::path("/") : folder;
    }

    std::filesystem::path home() const override {
        if (const auto home = variable("HOME"); home && !home->empty()) return *home;
        const passwd* user = ::getpwuid(::geteuid());
        return user && user->pw_dir ? user->pw_dir : "";
    }

    PathState look_at(const std::filesystem::path& path) const override {
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0) return {};
        PathState state;
        state.kind = S_ISREG(info.st_mode)   ? PathKind::file
                     : S_ISDIR(info.st_mode) ? PathKind::folder
                                             : PathKind::other;
        state.readable = ::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0;
        state.executable = ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
        return state;
    }

    std::filesystem::path canonical(const std::filesystem::path& path) const override {
        std::error_code code;
        auto real = std::filesystem::weakly_canonical(path, code);
        return code ? path.lexically_normal() : real;
    }

    base::Result<std::string> read(const std::filesystem::path& file) const override {
        return base::read_file(file, kReadLimit);
    }

    std::vector<std::string> file_names(const std::filesystem::path& folder) const override {
        std::vector<std::string> names;
        std::error_code code;
        for (std::filesystem::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code))
            names.push_back(entry->path().filename().string());
        return names;
    }
};

}  // namespace

const Environment& system_environment() {
    static const SystemEnvironment environment;
    return environment;
}

}  // namespace settings
