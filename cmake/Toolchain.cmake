# Language, warnings, sanitizers, linker, caches: what every target has in common.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(FATAL_ERROR "opampd is for Linux only: it uses pidfds, PR_SET_PDEATHSIG and vfork.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(OPAMPD_TESTS "Build the tests" ON)
option(OPAMPD_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(OPAMPD_WERROR "Treat warnings as errors" ON)

find_program(CCACHE ccache)
if(CCACHE)
  # The precompiled header's own time stamps would make every look-up a miss, and the checkout's place one in a second clone.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Three warnings of GCC 12 are wrong about std::string's operator+ once it is optimised (GCC bug 105651), and one about the
# memory of Asio's coroutines, of whose own operators it inlines the one and not the other. Clang-tidy and the sanitizers look
# for the same mistakes.
add_library(opampd_options INTERFACE)
target_compile_options(opampd_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wswitch -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-mismatched-new-delete $<$<BOOL:${OPAMPD_WERROR}>:-Werror> -fpch-preprocess)
target_compile_definitions(opampd_options INTERFACE OPAMPD_VERSION="${PROJECT_VERSION}")
if(OPAMPD_SANITIZE)
  # Instrumented code misleads this one of GCC's warnings (its manual says so). Other presets have it, and here the sanitizers
  # look at run time.
  add_compile_options(-Wno-maybe-uninitialized)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  # GCC guards the data of UBSan's own checks as if they were ours: three quarters of what a program maps, and a tenth of a second
  # at each of a thousand starts. What reads past our tables is looked for by the fuzz preset, whose Clang guards no such data.
  add_compile_options(--param=asan-globals=0)
  # Where each sanitizer's data lies is settled here rather than at each of a thousand starts: a hundred megabytes of relocations.
  add_link_options(-fsanitize=address,undefined -no-pie)
  # Code without coroutines compiles fast, and is what random tests run a million times: optimised a little.
  set(OPAMPD_PLAIN_CODE -O1)
else()
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections -Wl,--as-needed)
  # As for the archives below: the C++ library's relocations and pages are a good part of a start.
  add_link_options(-static-libstdc++ -static-libgcc)
endif()

find_package(Boost 1.81 REQUIRED COMPONENTS url json)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Protobuf REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Catch2 2.13 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)

# Linked into the programs where Debian has an archive: each shared library costs a start its relocations, and a process
# pages. OpenSSL and libsodium stay shared: they are what gets security updates.
function(opampd_prefer_archive name archive shared)
  add_library(${name} INTERFACE)
  find_library(${name}_ARCHIVE ${archive})
  if(${name}_ARCHIVE)
    target_link_libraries(${name} INTERFACE ${${name}_ARCHIVE})
  else()
    target_link_libraries(${name} INTERFACE ${shared})
  endif()
endfunction()
opampd_prefer_archive(zlib libz.a ZLIB::ZLIB)
opampd_prefer_archive(yaml libyaml-cpp.a yaml-cpp)
opampd_prefer_archive(boost_url libboost_url.a Boost::url)
opampd_prefer_archive(boost_json libboost_json.a Boost::json)
opampd_prefer_archive(protobuf_lite libprotobuf-lite.a protobuf::libprotobuf-lite)

add_library(asio INTERFACE)
target_include_directories(asio SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_DATE_TIME)
target_link_libraries(asio INTERFACE Threads::Threads)

# protoc by hand: CMake's helper lays the generated headers out under another include root than the imports use.
set(proto_out ${CMAKE_BINARY_DIR}/proto)
file(MAKE_DIRECTORY ${proto_out})
function(opampd_proto target)  # names of files under proto/, without .proto
  list(TRANSFORM ARGN REPLACE "(.+)" "${CMAKE_SOURCE_DIR}/proto/\\1.proto" OUTPUT_VARIABLE sources)
  foreach(name IN LISTS ARGN)
    set(generated ${proto_out}/${name}.pb.cc ${proto_out}/${name}.pb.h)
    add_custom_command(OUTPUT ${generated} DEPENDS ${sources}
      COMMAND protobuf::protoc --cpp_out=${proto_out} -I${CMAKE_SOURCE_DIR}/proto ${CMAKE_SOURCE_DIR}/proto/${name}.proto)
    list(APPEND all_generated ${generated})
  endforeach()
  add_library(${target} STATIC ${all_generated})
  target_include_directories(${target} SYSTEM PUBLIC ${proto_out})
  target_link_libraries(${target} PUBLIC protobuf_lite Threads::Threads)
  target_compile_options(${target} PRIVATE ${OPAMPD_PLAIN_CODE})
endfunction()
opampd_proto(opamp_proto opamp/v1/opamp opamp/v1/anyvalue)
opampd_proto(otlp_proto otlp/v1/otlp)
