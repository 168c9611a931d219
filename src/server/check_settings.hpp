// Whether connection settings may be offered at all. Spec: "ConnectionSettingsOffers" and the messages in it.
#pragma once

#include <string>

#include "base/result.hpp"
#include "opamp/messages.hpp"

namespace server {

/// Errors: invalid, naming the field.
base::Result<void> check_settings(const opamp::ConnectionSettingsOffers& offers);
/// A destination of telemetry: http or https, with a path. Errors: invalid.
base::Result<void> check_telemetry_endpoint(const std::string& url);

}  // namespace server
