// A machine for settings to be read on: its variables, user, folders and files are what the test says.
#pragma once

#include <map>
#include <set>

#include "base/number.hpp"
#include "settings/environment.hpp"

class FakeEnvironment : public settings::Environment {
public:
    std::map<std::string, std::string> variables{{"PATH", "/opt/tools:/usr/bin"}, {"HOME", "/home/op"}};
    std::map<std::string, std::string> files{
        {"/srv/base.yaml", "a: 1\n"}, {"/srv/more.yaml", "b: 2\n"}, {"/srv/plain.txt", "x"},
        {"/srv/token", "s3cret\n"},   {"/srv/ca.pem", "PEM"},       {"/srv/client.pem", "PEM"},
        {"/srv/client.key", "KEY"},
    };
    std::set<std::string> programs{"/srv/demo-service", "/usr/bin/otelcol", "/srv/bin/agent"};
    std::set<std::string> folders{"/", "/srv", "/srv/bin", "/srv/data", "/srv/locked", "/var/log"};
    std::set<std::string> links;                                         ///< To /srv/data.
    std::set<std::string> forbidden{"/srv/secret.yaml", "/srv/locked"};  ///< Exist, but not for this user.
    std::filesystem::path home_folder = "/home/op";
    bool root = false;
    std::uint32_t own_id = 1000;
    std::map<std::string, settings::User> users{{"web", {33, 33, "web", "/var/www", "/bin/sh", {4, 50}}},
                                                {"op", {1000, 1000, "op", "/home/op", "/bin/bash", {27}}}};
    std::map<std::string, std::uint32_t> groups{{"adm", 4}, {"ssl-cert", 50}, {"web", 33}, {"docker", 60}};

    std::optional<std::string> variable(const std::string& name) const override {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    }
    bool is_root() const override { return root; }
    std::uint32_t user_id() const override { return root ? 0 : own_id; }
    std::optional<settings::User> find_user(const std::string& name) const override {
        if (const auto found = users.find(name); found != users.end()) return found->second;
        const auto number = base::parse_number<std::uint32_t>(name);
        return number ? std::optional(settings::User{*number, settings::kNobodyAtAll, "", "", "", {}}) : std::nullopt;
    }
    std::optional<std::uint32_t> find_group(const std::string& name) const override {
        if (const auto found = groups.find(name); found != groups.end()) return found->second;
        return base::parse_number<std::uint32_t>(name);
    }
    std::filesystem::path working_directory() const override { return "/srv"; }
    std::filesystem::path home() const override { return home_folder; }

    settings::PathState look_at(const std::filesystem::path& path) const override {
        using settings::PathKind;
        const std::string name = path.lexically_normal().string();
        const bool allowed = !forbidden.contains(name);
        if (folders.contains(name)) return {PathKind::folder, allowed, allowed};
        if (programs.contains(name)) return {PathKind::file, true, true};
        if (name == "/dev/null") return {PathKind::other, true, false};
        if (files.contains(name) || !allowed) return {PathKind::file, allowed, false};
        return {};
    }
    std::filesystem::path canonical(const std::filesystem::path& path) const override {
        const auto normal = path.lexically_normal();
        return links.contains(normal.parent_path().string()) ? "/srv/data" / normal.filename() : normal;
    }
    base::Result<std::string> read(const std::filesystem::path& file) const override {
        const std::string name = file.lexically_normal().string();
        if (forbidden.contains(name) || forbidden.contains(file.parent_path().string()))
            return base::Error(base::Kind::io, "reading '" + file.string() + "': Permission denied");
        const auto found = files.find(name);
        if (found == files.end())
            return base::Error(base::Kind::not_found, "reading '" + file.string() + "': No such file or directory");
        return found->second;
    }
    std::vector<std::string> file_names(const std::filesystem::path& folder) const override {
        std::vector<std::string> names;
        for (const auto& [name, content] : files)
            if (std::filesystem::path(name).parent_path() == folder)
                names.push_back(std::filesystem::path(name).filename().string());
        return names;
    }
};
