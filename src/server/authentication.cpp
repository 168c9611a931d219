#include "server/authentication.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "base/log.hpp"

namespace server {
namespace {

using base::Error;
using base::Kind;

constexpr std::uint64_t kMostBytes = 4u << 20;

bool is_token(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

base::Result<std::vector<std::string>> parse_lines(std::string_view text) {
    std::vector<std::string> credentials;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const std::string_view line = base::trimmed(text.substr(0, end), " \t\r");
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.starts_with('#')) continue;
        const bool is_basic = line.find(':') != std::string_view::npos;
        if (!is_basic && !is_token(line))
            return Error(Kind::invalid, "line " + std::to_string(number) + " is no token and no user:password");
        credentials.push_back(is_basic ? credential_of("Basic " + base::to_base64(line))
                                       : credential_of("Bearer " + std::string(line)));
    }
    if (credentials.empty()) return Error(Kind::invalid, "it has no token").hint("write one on each line");
    return credentials;
}

}  // namespace

std::string credential_of(std::string_view authorization) {
    const auto space = authorization.find(' ');
    if (space == std::string_view::npos) return authorization.empty() ? std::string() : base::sha256(authorization);
    std::string normal(authorization.substr(0, space));
    for (char& c : normal) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    return base::sha256(normal + " " + std::string(base::trimmed(authorization.substr(space), " \t\r")));
}

bool is_same_credential(std::string_view a, std::string_view b) {
    if (a.empty() || a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
    return difference == 0;
}

bool TokenFile::Version::operator==(const Version& other) const {
    return inode == other.inode && size == other.size && changed.tv_sec == other.changed.tv_sec &&
           changed.tv_nsec == other.changed.tv_nsec;
}

base::Result<TokenFile> TokenFile::open(std::string file) {
    TokenFile tokens(std::move(file));
    tokens.version_ = tokens.version();
    if (auto read = tokens.read(); !read) return std::move(read).error();
    return tokens;
}

bool TokenFile::accepts(const std::string& credential) {
    if (const Version now = version(); now != version_) {
        version_ = now;
        if (auto read = this->read(); read)
            base::log::info("tokens.read", {{"file", file_}, {"tokens", credentials_.size()}});
        else
            base::log::error("tokens.not_read", {{"error", read.error().text()}});
    }
    bool is_known = false;
    for (const std::string& known : credentials_) is_known = is_same_credential(known, credential) || is_known;
    return is_known;
}

TokenFile::Version TokenFile::version() const {
    struct stat status {};
    if (::stat(file_.c_str(), &status) != 0) return {};
    return {status.st_ino, status.st_size, status.st_mtim};
}

base::Result<void> TokenFile::read() {
    const auto text = base::read_file(file_, kMostBytes);
    if (!text) return base::Error(text.error()).within("token file '" + file_ + "'");
    auto credentials = parse_lines(*text);
    if (!credentials) return std::move(credentials).error().within("token file '" + file_ + "'");
    credentials_ = std::move(*credentials);
    return {};
}

}  // namespace server
