#include "supervisor/host.hpp"

#include <catch2/catch.hpp>

#include "support/temp_folder.hpp"

using supervisor::Facts;

namespace {

const std::string kId(64, 'a');
const std::string kOther(64, 'b');

struct Machine {
    support::TempFolder root;
    std::map<std::string, std::string> variables;

    void file(const std::string& name, const std::string& content) const {
        const auto path = root / name;
        std::filesystem::create_directories(path.parent_path());
        support::write(path, content);
    }
    supervisor::HostSources sources() const {
        return {root.path(), [this](const char* name) {
                    const auto found = variables.find(name);
                    return found == variables.end() ? std::string() : found->second;
                }};
    }
};

}  // namespace

TEST_CASE("a machine is described by its files", "[supervisor][host]") {
    Machine machine;
    machine.file("etc/os-release",
                 "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n");
    machine.file("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    const Facts os = describe_os(machine.sources());
    CHECK(os.at("os.type") == "linux");
    CHECK(os.at("os.name") == "Debian GNU/Linux");
    CHECK(os.at("os.version") == "12");
    CHECK(os.at("os.description") == "Debian GNU/Linux 12 (bookworm)");
    CHECK_FALSE(os.at("host.arch").empty());
    const Facts more = describe_surroundings(machine.sources());
    CHECK(more.at("host.id") == "0123456789abcdef0123456789abcdef");
    CHECK_FALSE(more.contains("container.id"));
    CHECK_FALSE(more.contains("k8s.pod.name"));
}

TEST_CASE("a machine that says nothing is described by its kernel", "[supervisor][host]") {
    const Machine machine;
    const Facts os = describe_os(machine.sources());
    CHECK_FALSE(os.at("os.version").empty());
    CHECK_FALSE(os.contains("os.description"));
    CHECK_FALSE(describe_surroundings(machine.sources()).contains("host.id"));
}

TEST_CASE("a container has an ID in one file or the other", "[supervisor][host]") {
    using supervisor::container_id;
    CHECK(container_id("0::/system.slice/docker-" + kId + ".scope\n", "") == kId);
    CHECK(container_id("12:cpu:/kubepods/besteffort/pod1/" + kId + "\n", "") == kId);
    CHECK(container_id("0::/\n", "1 2 0:1 /var/lib/docker/containers/" + kId + "/hostname /etc/hostname rw\n") == kId);
    CHECK(container_id("0::/\n", "1 2 0:1 /x/overlay-containers/" + kId + "/userdata/hostname /etc/hostname rw\n") ==
          kId);
    CHECK(container_id("0::/\n", "1 2 0:1 /sandboxes/" + kOther + "/hostname /etc/hostname rw\n").empty());
    CHECK(container_id("0::/a" + kId + "\n", "").empty());
    CHECK(container_id("0::/user.slice\n", "").empty());
    CHECK(container_id("", "").empty());
}

TEST_CASE("a pod is described by its variables, and else by its files", "[supervisor][host]") {
    Machine machine;
    const std::string uid = "0f0e0d0c-1111-2222-3333-444455556666";
    machine.file("var/run/secrets/kubernetes.io/serviceaccount/namespace", "shop");
    machine.file("proc/self/mountinfo", "1 2 0:1 /var/lib/kubelet/pods/" + uid + "/etc-hosts /etc/hosts rw\n");
    machine.variables = {{"HOSTNAME", "web-0"}};
    CHECK_FALSE(describe_surroundings(machine.sources()).contains("k8s.pod.name"));
    machine.variables["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
    Facts facts = describe_surroundings(machine.sources());
    CHECK(facts.at("k8s.pod.name") == "web-0");
    CHECK(facts.at("k8s.namespace.name") == "shop");
    CHECK(facts.at("k8s.pod.uid") == uid);
    CHECK_FALSE(facts.contains("k8s.node.name"));
    machine.variables["POD_NAMESPACE"] = "other";
    machine.variables["NODE_NAME"] = "n1";
    facts = describe_surroundings(machine.sources());
    CHECK(facts.at("k8s.namespace.name") == "other");
    CHECK(facts.at("k8s.node.name") == "n1");
}

TEST_CASE("a look around says at once what costs nothing, and later the rest", "[supervisor][host]") {
    Machine machine;
    machine.variables = {{"HOSTNAME", "web-0"}, {"KUBERNETES_SERVICE_HOST", "10.0.0.1"}};
    const supervisor::Host host = supervisor::look_around(machine.sources());
    CHECK(host.facts.at("os.type") == "linux");
    CHECK_FALSE(host.facts.contains("k8s.pod.name"));
    CHECK(host.surroundings.get().at("k8s.pod.name") == "web-0");
}
