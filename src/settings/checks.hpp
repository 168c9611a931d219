// Checks of single values, each used by rows of the table of keys. They return what is wrong and what to do about it,
// to follow the value: "does not exist". Paths that pass are made absolute.
#pragma once

#include <optional>
#include <string>

#include "settings/keys.hpp"

namespace settings {

using Complaint = std::optional<std::string>;

// checks.cpp
Complaint not_empty(Item item, const Environment& environment);
Complaint http_header(Item item, const Environment& environment);
Complaint variable(Item item, const Environment& environment);
Complaint attribute(Item item, const Environment& environment);
Complaint preset_name(Item item, const Environment& environment);
Complaint parameter(Item item, const Environment& environment);
Complaint uuid(Item item, const Environment& environment);
Complaint stop_step(Item item, const Environment& environment);
Complaint ending_signal(Item item, const Environment& environment);
Complaint reload_signal(Item item, const Environment& environment);
Complaint message_size(Item item, const Environment& environment);
Complaint tls_version(Item item, const Environment& environment);
Complaint pem_certificate(Item item, const Environment& environment);
Complaint output_size(Item item, const Environment& environment);
Complaint token_parameter(Item item, const Environment& environment);
Complaint sampler(Item item, const Environment& environment);
Complaint listen_address(Item item, const Environment& environment);
Complaint status_range(Item item, const Environment& environment);

// check_privileges.cpp
Complaint file_mode(Item item, const Environment& environment);
Complaint resource_limit(Item item, const Environment& environment);
Complaint nice_value(Item item, const Environment& environment);
Complaint oom_score(Item item, const Environment& environment);
Complaint capability(Item item, const Environment& environment);
Complaint size_or_unlimited(Item item, const Environment& environment);
Complaint count_or_unlimited(Item item, const Environment& environment);
Complaint weight(Item item, const Environment& environment);
Complaint cpu_share(Item item, const Environment& environment);
Complaint environment_file(Item item, const Environment& environment);
Complaint credential(Item item, const Environment& environment);

// check_urls.cpp
Complaint opamp_url(Item item, const Environment& environment);
Complaint http_url(Item item, const Environment& environment);
Complaint probe_endpoint(Item item, const Environment& environment);
Complaint proxy_url(Item item, const Environment& environment);
Complaint token_url(Item item, const Environment& environment);

// check_paths.cpp
Complaint program(Item item, const Environment& environment);
Complaint folder(Item item, const Environment& environment);
Complaint creatable_folder(Item item, const Environment& environment);
Complaint readable_file(Item item, const Environment& environment);
Complaint base_config(Item item, const Environment& environment);
Complaint socket_path(Item item, const Environment& environment);
Complaint log_output(Item item, const Environment& environment);

/// What an endpoint of a probe is written as.
enum class EndpointShape { url, address, socket, other };
EndpointShape shape_of_endpoint(std::string_view text);

/// "200", "200-299".
struct Statuses {
    unsigned first = 0, last = 0;
};
std::optional<Statuses> parse_statuses(std::string_view text);

/// Whether `name` may name an agent or a preset: it is a file's name too.
bool is_plain_name(std::string_view name);

/// Whether `name` has the form that the specification gives the names of custom capabilities ("CustomCapabilities").
bool is_capability_name(std::string_view name);

/// `path` as seen from opampd's working directory.
std::filesystem::path absolute(const std::filesystem::path& path, const Environment& environment);

}  // namespace settings
