// The keys of `server`.
#include "settings/checks.hpp"
#include "settings/key_tables.hpp"

namespace settings {
namespace {

using namespace std::chrono_literals;

// clang-format off
const Key kKeys[] = {
    {.name = "server.endpoint", .meaning = "The OpAMP server's URL: `ws://HOST:PORT/PATH` or `wss://…`. With `http://…` or `https://…` it is polled over plain HTTP. No path is added: most servers want `/v1/opamp`.",
     .field = FIELD(settings.server.endpoint), .check = opamp_url, .need = Need::required},
    {.name = "server.headers", .meaning = "HTTP headers of the request that opens the connection, or of every request over plain HTTP. Several values of one name: a list. A text is one value and is not split at commas.",
     .field = FIELD(settings.server.headers), .check = http_header, .privacy = Privacy::secret},
    {.name = "server.heartbeat_interval", .meaning = "How often a quiet connection says that it is alive, unless the server asks for another interval. `capabilities.reports_heartbeat` turns it off.",
     .field = FIELD(settings.server.heartbeat_interval), .at_least = 100ms},
    {.name = "server.poll_interval", .meaning = "Over plain HTTP: how often the server is asked for news, unless it asks for another interval. It takes the place of the heartbeat.",
     .field = FIELD(settings.server.poll_interval), .at_least = 100ms},
    {.name = "server.compression", .meaning = "Of the bodies sent over plain HTTP. Compressed answers are always understood.",
     .field = FIELD(settings.server.compression)},
    {.name = "server.limits.receive", .meaning = "The largest message taken from the server, after decompression.",
     .field = FIELD(settings.server.limits.receive), .check = message_size},
    {.name = "server.limits.send", .meaning = "The largest message sent to the server, before compression. A larger one is dropped, and the log says so.",
     .field = FIELD(settings.server.limits.send), .check = message_size},

    {.name = "server.auth.bearer_token_file", .meaning = "File with the token to send. It is read for each connection, so that whoever renews it only has to replace it.",
     .field = FIELD(settings.server.auth.bearer_token_file), .check = readable_file},
    {.name = "server.auth.oauth2.token_url", .meaning = "Where tokens are asked for: `https://…`, or `http://` on this machine. Its certificate is verified with the CAs of `server.tls`. It is reached through the proxy of `server.proxy`, unless it is on this machine or in `NO_PROXY`.",
     .field = FIELD(settings.server.auth.oauth2.token_url), .check = token_url},
    {.name = "server.auth.oauth2.client_id", .meaning = "The client's name at the token server.",
     .field = FIELD(settings.server.auth.oauth2.client_id), .check = not_empty},
    {.name = "server.auth.oauth2.client_secret", .meaning = "The client's password; better a file, or `${env:NAME}`.",
     .field = FIELD(settings.server.auth.oauth2.client_secret), .check = not_empty, .privacy = Privacy::secret},
    {.name = "server.auth.oauth2.client_secret_file", .meaning = "File with the client's password, read for each token. Not together with `client_secret`.",
     .field = FIELD(settings.server.auth.oauth2.client_secret_file), .check = readable_file},
    {.name = "server.auth.oauth2.scopes", .meaning = "What the token is to be good for.",
     .field = FIELD(settings.server.auth.oauth2.scopes), .check = not_empty},
    {.name = "server.auth.oauth2.endpoint_params", .meaning = "What else the token server wants to be told, for instance an `audience`.",
     .field = FIELD(settings.server.auth.oauth2.endpoint_params), .check = token_parameter, .privacy = Privacy::secret},

    {.name = "server.tls.ca_file", .meaning = "PEM file of the CAs to trust instead of the system's.",
     .field = FIELD(settings.server.tls.ca_file), .check = readable_file},
    {.name = "server.tls.ca_pem", .meaning = "The same as text. Not together with `ca_file`.",
     .field = FIELD(settings.server.tls.ca_pem), .check = pem_certificate, .privacy = Privacy::secret},
    {.name = "server.tls.include_system_ca_certs_pool", .meaning = "Trust the system's CAs in addition to those given.",
     .field = FIELD(settings.server.tls.include_system_ca_certs_pool)},
    {.name = "server.tls.cert_file", .meaning = "PEM file of the client certificate, with `key_file`.",
     .field = FIELD(settings.server.tls.cert_file), .check = readable_file},
    {.name = "server.tls.key_file", .meaning = "PEM file of the client certificate's private key.",
     .field = FIELD(settings.server.tls.key_file), .check = readable_file},
    {.name = "server.tls.min_version", .meaning = "Oldest TLS version to speak: `1.2` or `1.3`.",
     .field = FIELD(settings.server.tls.min_version), .check = tls_version},
    {.name = "server.tls.max_version", .meaning = "Newest TLS version to speak: `1.2` or `1.3`.",
     .field = FIELD(settings.server.tls.max_version), .check = tls_version, .default_text = "the newest"},
    {.name = "server.tls.cipher_suites", .meaning = "The cipher suites of TLS 1.2 to offer, by their names in the standards or in OpenSSL. TLS 1.3 has its own, which are all safe.",
     .field = FIELD(settings.server.tls.cipher_suites), .check = not_empty, .default_text = "OpenSSL's"},
    {.name = "server.tls.certificate_request", .meaning = "Ask the server to issue the client certificate: a key is made here and never leaves this machine, the server gets a signing request, again before the certificate expires, and what it issues is used from then on. Only over `wss://` and `https://`, with verification; needs `capabilities.accepts_opamp_connection_settings`.",
     .field = FIELD(settings.server.tls.certificate_request)},
    {.name = "server.tls.server_name_override", .meaning = "Name to verify in the server's certificate, and to send as SNI, instead of the endpoint's host.",
     .field = FIELD(settings.server.tls.server_name_override), .check = not_empty},
    {.name = "server.tls.insecure_skip_verify", .meaning = "Do not verify the server's certificate: whoever answers is believed, and may replace the agents' configs.",
     .field = FIELD(settings.server.tls.insecure_skip_verify)},

    {.name = "server.proxy.url", .meaning = "HTTP proxy to the server, reached by CONNECT: `http://HOST:PORT`, `https://…` or `HOST:PORT`. A user name and password in it go to the proxy alone.",
     .field = FIELD(settings.server.proxy.url), .check = proxy_url, .privacy = Privacy::secret, .default_text = "that of the environment"},
    {.name = "server.proxy.connect_headers", .meaning = "HTTP headers for the proxy alone.",
     .field = FIELD(settings.server.proxy.connect_headers), .check = http_header, .privacy = Privacy::secret},
    {.name = "server.proxy.from_environment", .meaning = "Without a `url`: heed `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as other programs do. A server on this machine is always reached directly.",
     .field = FIELD(settings.server.proxy.from_environment)},

    {.name = "server.connection_settings.verify_timeout", .meaning = "How long settings that the server offers may take to prove that a connection can be made with them.",
     .field = FIELD(settings.server.connection_settings.verify_timeout)},
    {.name = "server.connection_settings.fallback_after", .meaning = "After so long without a connection the accepted settings are given up for those of this file, if these work.",
     .field = FIELD(settings.server.connection_settings.fallback_after)},

    {.name = "server.reconnect.initial_interval", .meaning = "Longest pause before the first new attempt after a lost connection. It grows with each failure; each pause is a random part of it.",
     .field = FIELD(settings.server.reconnect.initial_interval), .at_least = 10ms},
    {.name = "server.reconnect.max_interval", .meaning = "Where that growth ends.",
     .field = FIELD(settings.server.reconnect.max_interval), .at_least = 10ms},
    {.name = "server.reconnect.throttled_interval", .meaning = "Shortest pause after the server said that it is overloaded (429, 503, UNAVAILABLE) without saying for how long; it doubles up to `max_interval` while that goes on.",
     .field = FIELD(settings.server.reconnect.throttled_interval), .at_least = 10ms},
};

const Section kSections[] = {
    {"server", "The OpAMP server that all agents report to."},
    {"server.auth", "A token in the Authorization header, instead of one among `server.headers`. At most one kind."},
    {"server.auth.oauth2", "A token of the client credentials grant (RFC 6749, 4.4), asked for by Basic authentication when one is needed, replaced before it expires and when the server refuses it."},
    {"server.tls", "For `wss://`. Without any of these the system's CAs are trusted and the server's name is verified."},
    {"server.limits", "Of one message."},
    {"server.proxy", "How the server is reached through an HTTP proxy, over both transports; and a token server."},
    {"server.connection_settings", "Settings that the server offers, where `capabilities.accepts_opamp_connection_settings` allows it. They are kept in the agent's folder once a connection was made with them, and win over this section."},
    {"server.reconnect", "Lost connections are tried again for ever; the agents run on meanwhile."},
};
// clang-format on

}  // namespace

KeyTable server_keys() {
    return {kKeys, kSections};
}

}  // namespace settings
