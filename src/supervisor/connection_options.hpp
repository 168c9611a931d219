// How to connect: the settings file, and over it what the server offered. Pure but for the environment's proxy.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "net/client.hpp"
#include "opamp/messages.hpp"
#include "settings/settings.hpp"

namespace supervisor {

/// What is in force once `offer` is, where `before` was. Spec: "ConnectionSettingsOffers", GAP-4, GAP-5:
/// an offer without `tls`, `proxy`, `headers` or endpoint leaves those as they are; without `certificate` none is used.
opamp::OpampConnectionSettings laid_over(const std::optional<opamp::OpampConnectionSettings>& before,
                                         opamp::OpampConnectionSettings offer);

/// Of this process; see net::Variable.
std::string environment_variable(const char* name);

/// With `accepted` settings of the server, or none. Nothing is connected to, but everything that can be known without
/// is checked. Errors: invalid (URL, header, PEM, TLS names, proxy), naming what is at fault.
base::Result<net::ClientOptions> client_options(const settings::Server& server,
                                                const std::optional<opamp::OpampConnectionSettings>& accepted,
                                                const net::Variable& variable);

/// How another server than the OpAMP server is reached, such as one that gives out tokens: through the file's proxy,
/// else the environment's; but this machine, and what NO_PROXY excepts, directly in either case. Errors: invalid.
base::Result<std::optional<net::Proxy>> proxy_beside(const settings::Proxy& proxy, const net::Url& target,
                                                     const net::Variable& variable);

}  // namespace supervisor
