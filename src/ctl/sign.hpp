// Keys and signatures of configs, made where configs are written: docs/signatures.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/signature.hpp"

namespace ctl {

struct NewKey {
    std::string public_line;  ///< To be trusted.
    std::filesystem::path secret_file, public_file;
};
/// Makes a key: the secret one in `file`, which only its owner may read, the public one in `file`.pub. Neither may
/// exist. Errors: refused (one exists), io.
base::Result<NewKey> make_key(const std::filesystem::path& file, const std::string& comment);

/// The entries of a config: `NAME=FILE`, a file by its own name, or all files of a folder. The content type is that of
/// the file's ending. Errors: invalid (a name twice, no file at all), not_found, io.
base::Result<opamp::ConfigMap> read_entries(const std::vector<std::string>& operands);

/// A count of seconds since 1970, or a time such as 2026-01-31T12:00:00Z or 2026-01-31. Errors: invalid.
base::Result<std::uint64_t> parse_time(const std::string& text);

/// What is to be signed beside the entries; empty texts are left out. Errors: invalid.
base::Result<config::SignedHeader> parse_header(const std::string& serial, const std::string& not_before,
                                                const std::string& not_after);

/// `entries` with their signature by the key in `key_file`. Errors: refused (others may read the key), not_found,
/// invalid, io.
base::Result<opamp::ConfigMap> sign_entries(opamp::ConfigMap entries, const config::SignedHeader& header,
                                            const std::filesystem::path& key_file);

}  // namespace ctl
