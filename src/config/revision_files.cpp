#include "config/revision_files.hpp"

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "base/number.hpp"
#include "config/records.hpp"

namespace config {

namespace fs = std::filesystem;

std::optional<std::uint64_t> leading_number(const std::string& name) {
    const auto dash = name.find('-');
    return dash == std::string::npos ? std::nullopt : base::parse_number<std::uint64_t>(name.substr(0, dash));
}

base::Result<void> write_files(const fs::path& folder, const Revision& revision, const Effective& effective,
                               const opamp::RemoteConfig* remote) {
    if (auto made = base::make_folder(folder, kPrivateFolder); !made) return made;
    if (effective.main)
        if (auto written = base::replace_file(folder / "effective", *effective.main, kPrivateFile); !written)
            return written;
    if (!effective.beside.empty())
        if (auto made = base::make_folder(folder / "beside", kPrivateFolder); !made) return made;
    for (const auto& [name, body] : effective.beside) {
        const fs::path file = folder / "beside" / name;
        if (name.find('/') != std::string::npos)
            if (auto made = base::make_folder(file.parent_path(), kPrivateFolder); !made) return made;
        if (auto written = base::replace_file(file, body, kPrivateFile); !written) return written;
    }
    if (remote)
        if (auto written = base::replace_file(folder / "remote", opamp::encode(*remote), kPrivateFile); !written)
            return written;
    return base::replace_file(folder / "meta", format(revision), kPrivateFile);
}

std::string name_of(const Revision& revision) {
    return std::to_string(revision.id) + "-" + base::to_hex(revision.hash).substr(0, 8);
}

base::Result<std::vector<fs::path>> list(const fs::path& folder) {
    std::error_code code;
    std::vector<fs::path> found;
    fs::directory_iterator next(folder, code);
    for (; !code && next != fs::directory_iterator(); next.increment(code)) found.push_back(next->path());
    if (code) return base::errno_error(code.value()).within("reading '" + folder.string() + "'");
    return found;
}

namespace {

/// The files in `folder` and below it. Errors: not_found, io.
base::Result<std::vector<fs::path>> list_files(const fs::path& folder) {
    std::error_code code;
    std::vector<fs::path> found;
    fs::recursive_directory_iterator next(folder, code);
    for (; !code && next != fs::recursive_directory_iterator(); next.increment(code))
        if (!next->is_directory(code)) found.push_back(next->path());
    if (code) return base::errno_error(code.value()).within("reading '" + folder.string() + "'");
    return found;
}

}  // namespace

base::Result<Effective> read_effective(const fs::path& folder, const Revision& revision) {
    Effective effective;
    effective.runs = revision.runs;
    auto main = base::read_file(folder / "effective");
    if (main)
        effective.main = std::move(*main);
    else if (main.error().kind() != base::Kind::not_found)
        return std::move(main).error();
    const fs::path beside = folder / "beside";
    auto files = list_files(beside);
    if (!files && files.error().kind() != base::Kind::not_found) return std::move(files).error();
    for (const fs::path& path : files ? *files : std::vector<fs::path>()) {
        auto body = base::read_file(path);
        if (!body) return std::move(body).error();
        effective.beside[path.lexically_relative(beside).string()] = std::move(*body);
    }
    if (hash(effective) != revision.hash)
        return base::Error(base::Kind::invalid, "revision " + name_of(revision) + " is damaged: its hash differs");
    return effective;
}

void remove_folder(const fs::path& folder) {
    std::error_code ignored;
    const fs::path away = folder.parent_path() / ("." + folder.filename().string());
    fs::remove_all(away, ignored);
    fs::rename(folder, away, ignored);
    fs::remove_all(away, ignored);
}

}  // namespace config
