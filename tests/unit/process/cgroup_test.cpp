#include "process/cgroup.hpp"

#include <catch2/catch.hpp>

using process::CgroupPlace;
using process::find_cgroup;

namespace {

constexpr const char* kUnified =
    "22 1 0:21 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";
constexpr const char* kHybrid =
    "30 29 0:26 / /sys/fs/cgroup rw shared:5 - tmpfs tmpfs rw\n"
    "31 30 0:27 / /sys/fs/cgroup/unified rw shared:6 - cgroup2 cgroup2 rw\n"
    "32 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
    "33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "34 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

}  // namespace

TEST_CASE("the daemon's control group is found where it is mounted", "[process][cgroup]") {
    const std::string service = "/system.slice/opampd.service";
    CHECK(find_cgroup("", "0::" + service + "\n", kUnified) == CgroupPlace{"/sys/fs/cgroup" + service, service});
    CHECK(find_cgroup("", "0::/\n", kUnified) == CgroupPlace{"/sys/fs/cgroup/", "/"});
    const std::string hybrid = "5:memory:/a/b\n4:cpu,cpuacct:/c\n1:name=systemd:/s\n0::/u\n";
    CHECK(find_cgroup("", hybrid, kHybrid) == CgroupPlace{"/sys/fs/cgroup/unified/u", "/u"});
    CHECK(find_cgroup("memory", hybrid, kHybrid) == CgroupPlace{"/sys/fs/cgroup/memory/a/b", "/a/b"});
    CHECK(find_cgroup("cpu", hybrid, kHybrid) == CgroupPlace{"/sys/fs/cgroup/cpu,cpuacct/c", "/c"});
    CHECK_FALSE(find_cgroup("pids", hybrid, kHybrid));
    CHECK_FALSE(find_cgroup("", "4:cpu:/c\n", kHybrid));
    CHECK_FALSE(find_cgroup("", "0::/\n", "22 1 0:21 / / rw - ext4 /dev/vda rw\n"));
}

TEST_CASE("a part of the hierarchy is mounted alone", "[process][cgroup]") {
    const char* part = "22 1 0:21 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
    CHECK(find_cgroup("", "0::/docker/abc/d\n", part) == CgroupPlace{"/sys/fs/cgroup/d", "/docker/abc/d"});
    CHECK_FALSE(find_cgroup("", "0::/elsewhere\n", part));
    CHECK_FALSE(find_cgroup("", "0::/docker/abcd\n", part));
}

TEST_CASE("numbers are read from the kernel's lines", "[process][cgroup]") {
    const char* events = "low 0\nhigh 2\nmax 31\noom 3\noom_kill 1\noom_group_kill 1\n";
    CHECK(process::value_of(events, "oom_kill") == 1u);
    CHECK(process::value_of(events, "oom") == 3u);
    CHECK_FALSE(process::value_of(events, "oom_k"));
    CHECK_FALSE(process::value_of("", "oom"));
    CHECK(process::controllers_of({{"memory.max", ""}, {"memory.swap.max", ""}, {"cpu.weight", ""}}) ==
          std::set<std::string>{"cpu", "memory"});
}
