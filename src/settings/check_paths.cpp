#include <algorithm>
#include <string_view>

#include "settings/checks.hpp"

namespace settings {
namespace {

namespace fs = std::filesystem;

Complaint runnable(const PathState& state) {
    switch (state.kind) {
    case PathKind::missing: return "does not exist (give the path of a program)";
    case PathKind::folder: return "is a folder (give the path of a program)";
    case PathKind::other: return "is not a regular file (give the path of a program)";
    case PathKind::file: break;
    }
    if (!state.executable) return "is not executable by this user (chmod +x, or run opampd as another user)";
    return std::nullopt;
}

Complaint search_path(std::string& name, const Environment& environment) {
    const std::string path = environment.variable("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
    std::string_view rest = path;
    for (;;) {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        const fs::path candidate = absolute(rest.substr(0, colon), environment) / name;
        const PathState state = environment.look_at(candidate);
        if (state.kind == PathKind::file && state.executable) {
            name = candidate.string();
            return std::nullopt;
        }
        if (colon == rest.size()) break;
        rest.remove_prefix(colon + 1);
    }
    return "is not a program in $PATH (for one elsewhere write a path with a slash: ./NAME or /FOLDER/NAME)";
}

Complaint readable(const PathState& state) {
    switch (state.kind) {
    case PathKind::missing: return "does not exist (relative paths start at opampd's working directory)";
    case PathKind::folder: return "is a folder (give the path of a file)";
    case PathKind::other:
    case PathKind::file: break;
    }
    if (!state.readable) return "is not readable by this user (change its mode, or run opampd as another user)";
    return std::nullopt;
}

}  // namespace

fs::path absolute(const fs::path& path, const Environment& environment) {
    fs::path whole;
    // Without "." for people's eyes; ".." stays, because behind a symbolic link it is not what it seems.
    for (const fs::path& part : environment.working_directory() / path)
        if (part != "." && !part.empty()) whole /= part;
    return whole;
}

Complaint program(Item item, const Environment& environment) {
    if (item.text.empty()) return "is empty (give the path of a program)";
    if (item.text.find('/') == std::string::npos) return search_path(item.text, environment);
    item.text = absolute(item.text, environment).string();
    return runnable(environment.look_at(item.text));
}

Complaint folder(Item item, const Environment& environment) {
    if (auto empty = not_empty(item, environment)) return empty;
    item.text = absolute(item.text, environment).string();
    const PathState state = environment.look_at(item.text);
    if (state.kind == PathKind::missing) return "does not exist (create it)";
    if (state.kind != PathKind::folder) return "is not a folder";
    if (!state.executable) return "cannot be entered by this user (change its mode, or run opampd as another user)";
    return std::nullopt;
}

Complaint creatable_folder(Item item, const Environment& environment) {
    if (auto empty = not_empty(item, environment)) return empty;
    item.text = absolute(item.text, environment).string();
    const PathKind kind = environment.look_at(item.text).kind;
    if (kind != PathKind::missing && kind != PathKind::folder)
        return "is not a folder (give one, or a path that is free)";
    return std::nullopt;
}

Complaint readable_file(Item item, const Environment& environment) {
    if (auto empty = not_empty(item, environment)) return empty;
    item.text = absolute(item.text, environment).string();
    return readable(environment.look_at(item.text));
}

Complaint base_config(Item item, const Environment& environment) {
    if (item.text.starts_with('$'))
        return "is a special name of opampsupervisor (remove it: the server's config always comes after config_files)";
    return readable_file(item, environment);
}

Complaint socket_path(Item item, const Environment& environment) {
    constexpr std::size_t kLongest = 107;  // of sockaddr_un
    if (auto empty = not_empty(item, environment)) return empty;
    item.text = absolute(item.text, environment).string();
    if (item.text.size() > kLongest)
        return "is too long for a socket (at most " + std::to_string(kLongest) + " bytes with the folders before it)";
    const PathKind kind = environment.look_at(item.text).kind;
    if (kind == PathKind::folder) return "is a folder (give the path of the socket to make)";
    if (kind == PathKind::file) return "is a file (give a path that is free)";
    return std::nullopt;
}

Complaint log_output(Item item, const Environment& environment) {
    if (item.text == "stderr" || item.text == "stdout") return std::nullopt;
    if (auto empty = not_empty(item, environment)) return empty;
    item.text = absolute(item.text, environment).string();
    if (environment.look_at(item.text).kind == PathKind::folder) return "is a folder (give a file, stderr or stdout)";
    if (environment.look_at(fs::path(item.text).parent_path()).kind != PathKind::folder)
        return "is in a folder that does not exist (create it, or write stderr)";
    return std::nullopt;
}

}  // namespace settings
