// What a program prints in answer to a custom message. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "opamp/messages.hpp"

namespace supervisor {

/// One message for each line of `output`, of the same capability and type as `received`; the line is its data. A line
/// that begins with @ says more: "@TYPE DATA" has another type, "@base64:TYPE DATA" has data that is not text; without
/// a TYPE it is the one received. Errors: invalid, naming the line; there is no answer at all then.
base::Result<std::vector<opamp::CustomMessage>> answers_in(std::string_view output,
                                                           const opamp::CustomMessage& received);

}  // namespace supervisor
