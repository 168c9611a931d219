// Connection settings as JSON, under the names that the protocol gives their fields.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "opamp/messages.hpp"
#include "server/throttle.hpp"

namespace boost::json {
class value;
}

namespace server {

/// {"opamp": {"destination_endpoint": "wss://…", "headers": {"Authorization": "Bearer …"}, …}, "own_metrics": {…}, …}:
/// each part that is named takes the place of what was set before, null takes it away, and the others stay. Complete
/// and checked: see server/check_settings.hpp. Errors: invalid, saying what was expected where; values of headers and
/// keys are never shown.
base::Result<opamp::ConnectionSettingsOffers> parse_settings_change(std::string_view json,
                                                                    opamp::ConnectionSettingsOffers before);

/// Offers without what is secret: values of headers, and keys.
boost::json::value shown(const opamp::ConnectionSettingsOffers& offers);

/// {"mode": "none|unavailable|http_503|http_429", "retry_after": "3s"}. Errors: invalid.
base::Result<Throttle> parse_throttle(std::string_view json);
std::string throttle_json(const Throttle& throttle);

}  // namespace server
