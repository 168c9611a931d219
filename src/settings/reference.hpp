// docs/settings.md.
#pragma once

#include <string>

namespace settings {

/// The reference page of the settings in Markdown, made from the table of keys.
std::string reference_page();

}  // namespace settings
