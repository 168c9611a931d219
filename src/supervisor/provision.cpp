#include "supervisor/provision.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "process/run_mark.hpp"
#include "settings/environment_file.hpp"
#include "supervisor/identity.hpp"

namespace supervisor {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::uint64_t kMostVariables = 4u << 20;
constexpr std::uint64_t kMostCredential = 1u << 20;
constexpr int kFirstDescriptor = 3;
#ifndef MFD_NOEXEC_SEAL
constexpr unsigned MFD_NOEXEC_SEAL = 8;
#endif

Result<void> read_variables(const std::string& item, settings::TextMap& variables) {
    const auto file = settings::environment_file_of(item);
    const auto text = base::read_file(file.path, kMostVariables);
    if (!text && file.may_be_missing && text.error().kind() == Kind::not_found) return {};
    if (!text) return Error(text.error()).within("environment_files");
    const auto found = settings::parse_environment_file(*text);
    if (!found) return Error(found.error()).within("environment_files: '" + file.path + "'");
    for (const auto& [name, value] : *found) variables[name] = value;
    return {};
}

Error failed(const std::string& name) {
    return base::errno_error(errno).within("keeping the credential '" + name + "'");
}

/// Readable by whoever has it open, for good: nobody can write to it any more.
Result<base::UniqueFd> as_sealed_file(const std::string& name, std::string_view content) {
    const std::string title = "credential:" + name;
    base::UniqueFd file(::memfd_create(title.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL));
    if (!file && errno == EINVAL)  // Linux before 6.3
        file.reset(::memfd_create(title.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) return failed(name);
    while (!content.empty()) {
        const ssize_t written = ::write(file.get(), content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return failed(name);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    // Opened anew, so that it can only be read, from its beginning.
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    if (::fchmod(file.get(), 0444) != 0 || ::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return failed(name);
    base::UniqueFd reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!reader) return failed(name);
    return reader;
}

std::filesystem::path folder_for(const settings::Agent& agent, For whom) {
    static std::uint64_t count = 0;  // several commands may run at once
    return agent.provisions.folder / (whom == For::agent ? "credentials" : "credentials-" + std::to_string(++count));
}

Result<void> add_credentials(const settings::Agent& agent, For whom, Provision& provision) {
    const auto& credentials = agent.provisions.credentials;
    if (credentials.empty()) return {};
    const bool is_folder = agent.provisions.credentials_delivery == settings::CredentialsDelivery::folder;
    const base::Owner owner = owner_of(agent);
    if (is_folder) {
        auto folder = PrivateFolder::make(folder_for(agent, whom));
        if (!folder) return std::move(folder).error();
        provision.folder = *std::move(folder);
    }
    for (const auto& [name, file] : credentials) {
        const auto content = base::read_file(file, kMostCredential);
        if (!content) return Error(content.error()).within("credential '" + name + "'");
        provision.secrets.add(*content);
        std::string path = (provision.folder.path() / name).string();
        if (is_folder) {
            if (auto added = provision.folder.add(name, *content, owner); !added) return added;
        } else {
            auto sealed = as_sealed_file(name, *content);
            if (!sealed) return std::move(sealed).error();
            path = "/proc/self/fd/" + std::to_string(kFirstDescriptor + static_cast<int>(provision.descriptors.size()));
            provision.descriptors.push_back(*std::move(sealed));
        }
        provision.credentials.emplace_back(settings::credential_placeholder(name), std::move(path));
    }
    return is_folder ? provision.folder.hand_over(owner) : Result<void>();
}

}  // namespace

process::Privileges privileges_of(const settings::Agent& agent) {
    const settings::ResolvedPrivileges& resolved = agent.privileges.resolved;
    process::Privileges privileges;
    privileges.user = resolved.user;
    privileges.group = resolved.group;
    if (resolved.groups) privileges.groups.emplace(resolved.groups->begin(), resolved.groups->end());
    privileges.umask = resolved.umask;
    for (const settings::ResourceLimit& limit : resolved.limits)
        privileges.limits.push_back({limit.resource, limit.soft, limit.hard});
    privileges.nice = resolved.nice;
    privileges.oom_score_adjust = resolved.oom_score_adjust;
    privileges.bounding_set = resolved.bounding_set;
    privileges.ambient = resolved.ambient;
    privileges.no_new_privileges = agent.privileges.no_new_privileges;
    return privileges;
}

base::Owner owner_of(const settings::Agent& agent) {
    const settings::ResolvedPrivileges& resolved = agent.privileges.resolved;
    if (!resolved.user) return {};
    return {resolved.user, resolved.group};
}

std::vector<int> Provision::descriptor_numbers() const {
    std::vector<int> numbers;
    for (const base::UniqueFd& descriptor : descriptors) numbers.push_back(descriptor.get());
    return numbers;
}

Result<Provision> provide_commands(const settings::Agent& agent, const base::Uuid& uid, const std::string& config_hash,
                                   bool are_any) {
    if (!are_any) return Provision{};
    return provide(agent, uid, config_hash, For::command);
}

Result<settings::TextMap> operators_variables(const settings::Agent& agent) {
    settings::TextMap variables;
    for (const std::string& item : agent.provisions.environment_files)
        if (auto read = read_variables(item, variables); !read) return std::move(read).error();
    for (const auto& [name, value] : agent.env) variables[name] = value;
    return variables;
}

Result<Provision> provide(const settings::Agent& agent, const base::Uuid& uid, const std::string& config_hash, For whom,
                          const settings::TextMap& more) {
    Provision provision;
    provision.privileges = privileges_of(agent);
    if (auto added = add_credentials(agent, whom, provision); !added) return std::move(added).error();
    auto given = operators_variables(agent);
    if (!given) return std::move(given).error();
    for (const auto& [name, value] : agent.env) (*given)[name] = settings::replaced(value, provision.credentials);
    if (!provision.folder.path().empty()) (*given)["CREDENTIALS_DIRECTORY"] = provision.folder.path().string();
    if (whom == For::agent) {
        provision.run_id = process::new_run_id();
        (*given)[std::string(process::kRunVariable)] = provision.run_id;
    }
    provision.environment = agent_environment(agent, uid, config_hash, more, *given);
    return provision;
}

}  // namespace supervisor
