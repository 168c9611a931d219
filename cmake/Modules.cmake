# opampd_module(NAME [PURE] DEPS modules... LIBS libraries...): one static library a folder under src/.
# opampd_program(NAME DEPS modules... [LIBS libraries...]): src/cmd/NAME.cpp (with - as _) and what it links.

function(opampd_module name)
  cmake_parse_arguments(ARG "PURE" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(opampd_${name} STATIC ${sources})
  target_include_directories(opampd_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(opampd_${name} PUBLIC ${ARG_LIBS} PRIVATE opampd_options)
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(opampd_${name} PUBLIC opampd_${dep})
  endforeach()
  if("asio" IN_LIST ARG_LIBS)
    opampd_precompile(opampd_${name})
  else()
    target_precompile_headers(opampd_${name} REUSE_FROM opampd_pch_std)
    target_compile_options(opampd_${name} PRIVATE ${OPAMPD_PLAIN_CODE})
  endif()
endfunction()

function(opampd_program name)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  string(REPLACE "-" "_" file ${name})
  add_executable(${name} ${CMAKE_SOURCE_DIR}/src/cmd/${file}.cpp)
  target_link_libraries(${name} PRIVATE opampd_options ${ARG_LIBS})
  foreach(dep IN LISTS ARG_DEPS)
    target_link_libraries(${name} PRIVATE opampd_${dep})
  endforeach()
  opampd_precompile(${name})
endfunction()

# Headers of the standard library take half a second a file, Asio's more: two precompiled headers, made once, serve all targets.
add_library(opampd_pch_std OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(opampd_pch_std PRIVATE opampd_options)
target_compile_options(opampd_pch_std PRIVATE ${OPAMPD_PLAIN_CODE})
target_precompile_headers(opampd_pch_std PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch_std.hpp)

add_library(opampd_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(opampd_pch PRIVATE asio opampd_options)
target_precompile_headers(opampd_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)

function(opampd_precompile target)
  target_precompile_headers(${target} REUSE_FROM opampd_pch)
endfunction()

# opampd_embed(MODULE NAME FOLDER files...): FOLDER/files, which may be patterns, as std::span<const base::EmbeddedFile>
# MODULE::NAME_files(), which src/MODULE/NAME.hpp declares.
function(opampd_embed module name folder)
  list(TRANSFORM ARGN PREPEND ${CMAKE_SOURCE_DIR}/${folder}/ OUTPUT_VARIABLE patterns)
  file(GLOB files CONFIGURE_DEPENDS ${patterns})
  set(generated ${CMAKE_BINARY_DIR}/embedded/${module}_${name}_files.cpp)
  add_custom_command(OUTPUT ${generated} DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    COMMAND ${CMAKE_COMMAND} -DMODULE=${module} -DNAME=${name} "-DFILES=${files}" -DOUTPUT=${generated}
      -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(opampd_${module} PRIVATE ${generated})
endfunction()
