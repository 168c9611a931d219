// The agent's config as a value: the local files and the server's offer, made into what the agent is given. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "opamp/messages.hpp"

namespace config {

/// How the entries of a config are read.
enum class Format {
    automatic,  ///< By content type, else by the name's ending; an entry that says neither is YAML.
    yaml,       ///< Every entry is YAML.
    raw,        ///< None is: nothing is parsed or merged.
};

/// A local base config (`agent.config_files`), already read.
struct LocalFile {
    std::string name;
    std::string body;
};

/// What the agent is given.
struct Effective {
    bool runs = true;                           ///< False: there is no config at all; the agent is stopped.
    std::optional<std::string> main;            ///< The file at `config_path`; nothing: there is none of ours.
    std::map<std::string, std::string> beside;  ///< Files of their own next to it, by name.
    friend bool operator==(const Effective&, const Effective&) = default;
};

/// Local files first, in order, then the YAML entries by name, the empty name last; maps merge, lists replace.
/// One source alone is not touched, byte for byte. `remote` is null before the server's first offer.
/// Errors  invalid, naming the entry and, for YAML, line and column.
base::Result<Effective> compose(const std::vector<LocalFile>& local, const opamp::ConfigMap* remote, Format format);

/// The name of the config in a folder of files, and whether it may be missing there.
struct MainFile {
    std::string name;
    bool is_needed = false;
};
/// The same for an agent whose config is a folder: every file stays one, by its name, and an entry takes the place of a
/// local file of its name. A name may have folders in it ("conf.d/site.conf"); the entry without a name is the main
/// file. Nothing is parsed but what `format` says is YAML.
/// Errors  as compose; invalid also for a name that is a file and a folder, and for a main file that is missing.
base::Result<Effective> compose_folder(const std::vector<LocalFile>& local, const opamp::ConfigMap* remote,
                                       Format format, const MainFile& main);

/// SHA-256 as 32 bytes: of the file itself when that is all, so that sha256sum shows the same.
std::string hash(const Effective& effective);

/// The same as the protocol reports it: the main file under the empty name.
opamp::ConfigMap as_config_map(Effective effective);

}  // namespace config
