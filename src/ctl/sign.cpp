#include "ctl/sign.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "base/files.hpp"
#include "base/number.hpp"
#include "base/unique_fd.hpp"

namespace ctl {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Kind;
using base::Result;

constexpr std::uint64_t kMostKeyBytes = 4096;

Result<void> write_new(const fs::path& file, const std::string& text, mode_t mode) {
    const base::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd && errno == EEXIST)
        return Error(Kind::refused, "'" + file.string() + "' exists")
            .hint("a key is never replaced: give another name");
    const bool is_written = fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                            ::fsync(fd.get()) == 0;
    if (is_written) return {};
    auto error = base::errno_error(errno).within("writing '" + file.string() + "'");
    if (fd) ::unlink(file.c_str());
    return error;
}

std::string content_type_of(const std::string& name) {
    if (name.ends_with(".yaml") || name.ends_with(".yml")) return "text/yaml";
    if (name.ends_with(".json")) return "application/json";
    return {};
}

Result<void> add(opamp::ConfigMap& entries, const std::string& name, const fs::path& file) {
    if (name == config::kSignatureEntry) return {};  // of before
    auto body = base::read_file(file);
    if (!body) return std::move(body).error();
    if (entries.contains(name))
        return Error(Kind::invalid, "two files for the entry '" + name + "'").hint("give one another name: NAME=FILE");
    const std::string type = content_type_of(file.filename().string());
    entries[name] = {std::move(*body), type};
    return {};
}

Result<void> add_folder(opamp::ConfigMap& entries, const fs::path& folder) {
    std::error_code code;
    for (fs::directory_iterator next(folder, code), end; !code && next != end; next.increment(code)) {
        const std::string name = next->path().filename().string();
        if (name.starts_with('.')) continue;
        if (auto added = add(entries, name, next->path()); !added) return added;
    }
    if (code) return base::errno_error(code.value()).within("reading '" + folder.string() + "'");
    return {};
}

Result<void> check_private(const fs::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return base::errno_error(errno).within("reading '" + file.string() + "'");
    if ((info.st_mode & 077) == 0) return {};
    return Error(Kind::refused, "others may read '" + file.string() + "', which is a secret key")
        .hint("chmod 600 " + file.string());
}

Result<config::SecretKey> read_secret(const fs::path& file) {
    if (auto checked = check_private(file); !checked) return std::move(checked).error();
    auto text = base::read_file(file, kMostKeyBytes);
    if (!text) return std::move(text).error();
    auto key = config::SecretKey::parse(*text);
    config::wipe(*text);
    if (!key) return std::move(key).error().within("'" + file.string() + "'");
    return key;
}

}  // namespace

Result<NewKey> make_key(const fs::path& file, const std::string& comment) {
    if (comment.find_first_of("\r\n") != std::string::npos)
        return Error(Kind::invalid, "the comment has more than one line");
    const config::SecretKey key = config::SecretKey::generate();
    NewKey made{config::format(key.public_key(comment)), file, file.string() + ".pub"};
    if (auto written = write_new(made.public_file, made.public_line, 0644); !written) return std::move(written).error();
    std::string secret = key.format();
    auto written = write_new(file, secret, 0600);
    config::wipe(secret);
    if (written) return made;
    ::unlink(made.public_file.c_str());
    return std::move(written).error();
}

Result<opamp::ConfigMap> read_entries(const std::vector<std::string>& operands) {
    opamp::ConfigMap entries;
    std::error_code ignored;
    for (const std::string& operand : operands) {
        const auto equals = operand.find('=');
        const fs::path file = equals == std::string::npos ? operand : operand.substr(equals + 1);
        Result<void> added;
        if (equals != std::string::npos)
            added = add(entries, operand.substr(0, equals), file);
        else if (fs::is_directory(file, ignored))
            added = add_folder(entries, file);
        else
            added = add(entries, file.filename().string(), file);
        if (!added) return std::move(added).error();
    }
    if (entries.empty()) return Error(Kind::invalid, "there is no file to sign").hint("give a folder with files in it");
    return entries;
}

Result<std::uint64_t> parse_time(const std::string& text) {
    if (const auto seconds = base::parse_number<std::uint64_t>(text)) return *seconds;
    for (const char* form : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"}) {
        std::tm parts{};
        const char* end = ::strptime(text.c_str(), form, &parts);
        if (end == nullptr || *end != '\0') continue;
        const auto seconds = ::timegm(&parts);
        if (seconds >= 0) return static_cast<std::uint64_t>(seconds);
    }
    return Error(Kind::invalid, "'" + text + "' is not a time")
        .hint("write 2026-01-31T12:00:00Z or 2026-01-31, in UTC");
}

Result<config::SignedHeader> parse_header(const std::string& serial, const std::string& not_before,
                                          const std::string& not_after) {
    config::SignedHeader header;
    if (!serial.empty()) {
        header.serial = base::parse_number<std::uint64_t>(serial);
        if (!header.serial)
            return Error(Kind::invalid, "--serial: '" + serial + "' is not a number").hint("write a whole number");
    }
    const auto read = [](const char* flag, const std::string& text, auto& place) -> Result<void> {
        if (text.empty()) return {};
        auto time = parse_time(text);
        if (!time) return std::move(time).error().within(flag);
        place = *time;
        return {};
    };
    if (auto good = read("--not-before", not_before, header.not_before); !good) return std::move(good).error();
    if (auto good = read("--not-after", not_after, header.not_after); !good) return std::move(good).error();
    if (header.not_before && header.not_after && *header.not_before > *header.not_after)
        return Error(Kind::invalid, "--not-before is later than --not-after: it would never be good");
    return header;
}

Result<opamp::ConfigMap> sign_entries(opamp::ConfigMap entries, const config::SignedHeader& header,
                                      const fs::path& key_file) {
    const auto key = read_secret(key_file);
    if (!key) return key.error();
    auto signature = config::sign(entries, {&*key}, header);
    entries[std::string(config::kSignatureEntry)] = {std::move(signature), std::string(config::kSignatureContentType)};
    return entries;
}

}  // namespace ctl
