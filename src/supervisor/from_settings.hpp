// The settings, as the modules below want them. Pure.
#pragma once

#include "base/result.hpp"
#include "config/compose.hpp"
#include "config/revisions.hpp"
#include "lifecycle/decide.hpp"
#include "net/reconnect.hpp"
#include "opamp/client_session.hpp"
#include "settings/settings.hpp"
#include "supervisor/provision.hpp"

namespace supervisor {

lifecycle::Policy lifecycle_policy(const settings::Agent& agent);
config::Format config_format(const settings::Agent& agent);
/// A run of `command`, with its placeholders filled in, where the agent itself runs and as its user, with its limits,
/// variables and secrets. `provision` outlives the run.
process::CommandSpec command_spec(const settings::Agent& agent, const settings::Command& command,
                                  std::string_view instance_uid, const Provision& provision);
/// Whether it is given `config_path` itself, which then cannot be missing.
bool needs_main(const settings::Agent& agent);
config::Kept kept(const settings::Agent& agent);
opamp::ClientSession::Options session_options(const settings::Settings& settings, const settings::Agent& agent,
                                              const base::Uuid& uid);
net::ReconnectPolicy reconnect_policy(const settings::Reconnect& reconnect);

}  // namespace supervisor
