// What can be found out about the machine and the container that opampd runs in.
#pragma once

#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <string_view>

namespace supervisor {

using Facts = std::map<std::string, std::string>;

/// Where it is looked for: files below `root`, and variables.
struct HostSources {
    std::filesystem::path root = "/";
    std::function<std::string(const char*)> variable;  ///< Empty: there is none.
};

/// os.*, host.name and host.arch: what costs next to nothing.
Facts describe_os(const HostSources& sources);

/// host.id, host.ip, container.id and k8s.*, as far as they can be read. Several addresses are one text, with commas.
/// Spec: OpenTelemetry, resource conventions of host, container and Kubernetes.
Facts describe_surroundings(const HostSources& sources);

/// Of the machine that this is, for all agents: what is known at once, and what is being found out by a thread that
/// ends with that. The second is not valid where nobody looks.
struct Host {
    Facts facts;
    std::shared_future<Facts> surroundings;
};
Host look_around(const HostSources& sources);

/// The ID in the text of /proc/self/cgroup or /proc/self/mountinfo; empty if there is none. Pure.
std::string container_id(std::string_view cgroup, std::string_view mountinfo);

}  // namespace supervisor
