// Files that are part of the program: what opampd_embed in cmake/Modules.cmake makes.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace base {

struct EmbeddedFile {
    std::string_view name;
    std::string_view content;
};

/// The content of the file with that name; nothing if there is none.
inline std::optional<std::string_view> content_of(std::span<const EmbeddedFile> files, std::string_view name) {
    for (const EmbeddedFile& file : files)
        if (file.name == name) return file.content;
    return std::nullopt;
}

}  // namespace base
