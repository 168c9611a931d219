// Who may speak OpAMP here: the bearer tokens and passwords of a file, compared as digests.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace server {

/// The digest of an Authorization value, whatever the case of its scheme; empty for an empty one.
std::string credential_of(std::string_view authorization);

/// Whether two digests are the same, in a time that does not tell where they differ. An empty one is like no other.
bool is_same_credential(std::string_view a, std::string_view b);

/// A file with one bearer token or `user:password` a line; empty lines and those that begin with # are left out.
class TokenFile {
public:
    /// Errors: not_found, io, invalid (a line that can be neither, an empty file); no line is ever shown.
    static base::Result<TokenFile> open(std::string file);

    /// Whether the file has it. Reads the file anew if it has changed; what cannot be read then is said in the log, and
    /// the lines read before stay in force.
    bool accepts(const std::string& credential);

private:
    struct Version {
        ino_t inode = 0;
        off_t size = 0;
        struct timespec changed {};
        bool operator==(const Version& other) const;
    };
    explicit TokenFile(std::string file) : file_(std::move(file)) {}
    Version version() const;
    base::Result<void> read();

    std::string file_;
    Version version_;
    std::vector<std::string> credentials_;
};

}  // namespace server
