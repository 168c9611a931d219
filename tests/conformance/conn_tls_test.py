#!/usr/bin/python3
"""Group CONN, what is in the settings: TLS, certificates, proxies, and the agent's own certificate requests."""

import ssl
import uuid

import stage as stage_module  # noqa: F401  (finds tests/support)
from certificates import Authority, openssl
from http_parts import Reply, Tls
from protocol import APPLIED, S2A, has, is_full, is_healthy, settings_status
from rig import expect
from settings import begin, certificate, fail, move, offer, trust, url
from stage import run
from suite import conformance

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def presented(fs):
    """The client certificates of all connections since the first report, in DER."""
    return [one.peer_certificate for one in fs.connections if one.requests]


# --- TLS


@conformance("[CONN-20] [CONN-21] an offered CA is what the server is verified with, and stays so while offers have no TLS settings")
def offered_ca(stage):
    begin(stage)
    ours, strange = stage.authority(), Authority(stage.folder, "strange")
    pair = strange.issue("server")
    stranger = stage.another_server(tls=Tls(pair.cert, pair.key))
    fail(stage, b"1", destination_endpoint=url(stranger, "wss"), tls=trust(ours))
    first, second = stage.another_server(tls=stage.tls()), stage.another_server(tls=stage.tls())
    move(stage, first, b"2", endpoint=url(first, "wss"), tls=trust(ours))
    move(stage, second, b"3", fs=first, endpoint=url(second, "wss"))
    fail(stage, b"4", fs=second, destination_endpoint=url(stranger, "wss"))


@conformance("[CONN-19] with another CA, the one before is no longer trusted")
def ca_replaced(stage):
    begin(stage)
    ours, other = stage.authority(), Authority(stage.folder, "other")
    pair = other.issue("server")
    first, second = stage.another_server(tls=stage.tls()), stage.another_server(tls=Tls(pair.cert, pair.key))
    move(stage, first, b"1", endpoint=url(first, "wss"), tls=trust(ours))
    move(stage, second, b"2", fs=first, endpoint=url(second, "wss"), tls=trust(other))
    fail(stage, b"3", fs=second, destination_endpoint=url(first, "wss"))
    expect("it is not kept either", ours.pem.split("\n")[1].encode() not in stage.state_text())


@conformance("[CONN-22] the system's CAs count with the flag, and only then")
def system_pool(stage):
    system, private = Authority(stage.folder, "system"), Authority(stage.folder, "private")
    pair = system.issue("server")
    fs = stage.serve()
    stage.configure(capabilities={"accepts_opamp_connection_settings": True})
    stage.start(SSL_CERT_FILE=str(system.file), SSL_CERT_DIR=str(stage.folder / "none"))
    stage.wait_report("a healthy agent", is_healthy)
    new = stage.another_server(tls=Tls(pair.cert, pair.key))
    fail(stage, b"1", destination_endpoint=url(new, "wss"), tls=trust(private))
    move(stage, new, b"2", endpoint=url(new, "wss"), tls={**trust(private), "include_system_ca_certs_pool": True})


@conformance("[CONN-23] without verification anybody is believed, and only then")
def skip_verify(stage):
    begin(stage)
    self_signed = Authority(stage.folder, "self").pair
    new = stage.another_server(tls=Tls(self_signed.cert, self_signed.key))
    fail(stage, b"1", destination_endpoint=url(new, "wss"))
    move(stage, new, b"2", endpoint=url(new, "wss"), tls={"insecure_skip_verify": True})


@conformance("[CONN-5] [CONN-23] a certificate for another name is not believed")
def wrong_name(stage):
    begin(stage)
    pair = stage.authority().issue("elsewhere", "DNS:elsewhere.example")
    new = stage.another_server(tls=Tls(pair.cert, pair.key))
    fail(stage, b"1", destination_endpoint=url(new, "wss"), tls=trust(stage.authority()))


@conformance("[CONN-24] a lowest version is not gone below", {"1.3": "1.3", "TLSv1.3": "TLSv1.3"})
def min_version(stage, version):
    begin(stage)
    old_fashioned = stage.another_server(tls=stage.tls(max_version=TLS_1_2))
    fail(stage, b"1", destination_endpoint=url(old_fashioned, "wss"), tls={**trust(stage.authority()), "min_version": version})
    move(stage, old_fashioned, b"2", endpoint=url(old_fashioned, "wss"), tls=trust(stage.authority()))


@conformance("[CONN-25] a highest version is not gone above, and without one the newest is spoken", {"1.2": "1.2", "TLSv1.2": "TLSv1.2"})
def max_version(stage, version):
    begin(stage)
    new = stage.another_server(tls=stage.tls())
    move(stage, new, b"1", endpoint=url(new, "wss"), tls={**trust(stage.authority()), "max_version": version})
    expect(f"{new.latest().tls_version}", new.latest().tls_version == "TLSv1.2")
    since = new.now()
    offer(stage, b"2", new, destination_endpoint=url(new, "wss"), tls=trust(stage.authority()))
    stage.wait_report("accepted", settings_status(APPLIED, b"2"), since, fs=new)
    expect(f"{new.latest().tls_version}", new.latest().tls_version == "TLSv1.3")


@conformance("[CONN-26] only the named cipher suites are offered, by either of their names",
             {"IANA": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "OpenSSL": "ECDHE-ECDSA-AES256-GCM-SHA384"})
def cipher_suites(stage, name):
    begin(stage)
    other = "ECDHE-ECDSA-AES128-GCM-SHA256"
    only_other = stage.another_server(tls=stage.tls(max_version=TLS_1_2, ciphers=other))
    fail(stage, b"1", destination_endpoint=url(only_other, "wss"), tls={**trust(stage.authority()), "cipher_suites": [name]})
    both = stage.another_server(tls=stage.tls(max_version=TLS_1_2, ciphers=f"{other}:ECDHE-ECDSA-AES256-GCM-SHA384"))
    move(stage, both, b"2", endpoint=url(both, "wss"), tls={**trust(stage.authority()), "cipher_suites": [name]})
    expect(f"{both.latest().cipher}", both.latest().cipher == "ECDHE-ECDSA-AES256-GCM-SHA384")


@conformance("[CONN-26] a cipher suite that nobody knows is FAILED")
def unknown_suite(stage):
    begin(stage)
    new = stage.another_server(tls=stage.tls())
    fail(stage, b"1", destination_endpoint=url(new, "wss"), tls={**trust(stage.authority()), "cipher_suites": ["ROT13"]})
    expect("no attempt", not new.connections)


# --- client certificates


@conformance("[CONN-16] [CONN-17] [CONN-18] an offered client certificate is shown from then on, and gone with an offer without one")
def client_certificate(stage):
    begin(stage)
    authority = stage.authority()
    one, two = authority.issue("one"), authority.issue("two")
    first = stage.another_server(tls=stage.tls(client_ca=authority.file))
    move(stage, first, b"1", endpoint=url(first, "wss"), tls=trust(authority), certificate=certificate(one))
    since = first.now()
    first.latest().reset()
    stage.wait_report("the next connection", is_full, since, fs=first)
    stage.stop()
    since = first.now()
    stage.start()
    stage.wait_report("after a restart", is_healthy, since, fs=first)
    expect("it is shown each time", set(presented(first)) == {one.der()})
    second = stage.another_server(tls=stage.tls(client_ca=authority.file))
    move(stage, second, b"2", fs=first, endpoint=url(second, "wss"), certificate=certificate(two))
    expect("the new one alone", set(presented(second)) == {two.der()})
    expect("the one before is forgotten", one.key_pem().split("\n")[1].encode() not in stage.state_text())
    third = stage.another_server(tls=stage.tls(client_ca=authority.file, asked=True))
    move(stage, third, b"3", fs=second, endpoint=url(third, "wss"))
    expect("none, though one was asked for", set(presented(third)) == {None})
    expect("none is kept", b"PRIVATE KEY" not in stage.state_text())


def mismatched(authority):
    return {"cert": authority.issue("a").cert_pem().encode(), "private_key": authority.issue("b").key_pem().encode()}


CERTIFICATES = {
    "no cert": lambda authority: {"private_key": authority.issue("a").key_pem().encode()},
    "no key": lambda authority: {"cert": authority.issue("a").cert_pem().encode()},
    "another key": mismatched,
    "no PEM": lambda authority: {"cert": b"x", "private_key": b"y"},
    "nothing": lambda authority: {},
}


@conformance("[CONN-32] a client certificate that is not whole is FAILED", CERTIFICATES)
def bad_certificate(stage, make):
    begin(stage)
    new = stage.another_server(tls=stage.tls())
    fail(stage, destination_endpoint=url(new, "wss"), tls=trust(stage.authority()), certificate=make(stage.authority()))
    expect("no attempt", not new.connections)


@conformance("[CONN-33] the certificate's own CA is not trusted for servers")
def ca_cert_is_no_trust(stage):
    begin(stage)
    other = Authority(stage.folder, "other")
    pair, client = other.issue("server"), other.issue("client")
    new = stage.another_server(tls=Tls(pair.cert, pair.key))
    fail(stage, destination_endpoint=url(new, "wss"), certificate={**certificate(client), "ca_cert": other.pem.encode()})


@conformance("[CONN-36] [CONN-38] on first use the server must prove itself, without a client certificate being shown")
def first_use(stage):
    stage.scheme = "wss"
    fs = stage.serve(tls=stage.tls(client_ca=stage.authority().file, asked=True))
    stage.configure(capabilities={"accepts_opamp_connection_settings": True})
    stage.start()
    stage.wait_for_event("server.connect_failed")
    expect("not to a stranger", not fs.reports)
    stage.stop()
    since = fs.now()
    stage.configure(capabilities={"accepts_opamp_connection_settings": True}, server={"tls": {"ca_file": str(stage.authority().file)}})
    stage.start()
    stage.wait_report("a healthy agent", is_healthy, since)
    client = stage.authority().issue("client")
    expect("nothing is shown", fs.latest().peer_certificate is None)
    since = fs.now()
    offer(stage, b"1", destination_endpoint=url(fs, "wss"), certificate=certificate(client))
    stage.wait_report("accepted", settings_status(APPLIED, b"1"), since)
    expect("now it is", fs.latest().peer_certificate == client.der())


# --- proxies


@conformance("[CONN-27] [CONN-28] [CONN-31] an offered proxy is used, also while offers have none, until there is another",
             {"ws": "ws", "http": "http"})
def proxies(stage, scheme):
    begin(stage)
    one, two = stage.proxy(), stage.proxy()
    first, second, third = (stage.another_server() for _ in range(3))
    move(stage, first, b"1", endpoint=url(first, scheme), proxy={"url": f"http://127.0.0.1:{one.port}", "connect_headers": {"X-Proxy": "yes"}})
    expect(f"{one.requests}", {(request.method, request.target) for request in one.requests} == {("CONNECT", f"127.0.0.1:{first.port}")})
    expect("the header is the proxy's", all(request.headers["x-proxy"] == "yes" for request in one.requests))
    expect("and not the server's", not any("x-proxy" in request.headers for request in first.requests()))
    move(stage, second, b"2", fs=first, endpoint=url(second, scheme))
    expect("still there", one.requests[-1].target == f"127.0.0.1:{second.port}")
    count = len(one.requests)
    move(stage, third, b"3", fs=second, endpoint=url(third, scheme), proxy={"url": f"http://127.0.0.1:{two.port}"})
    expect("only the new one", len(one.requests) == count and two.requests[-1].target == f"127.0.0.1:{third.port}")


@conformance("[CONN-30] a proxy is a URL or a bare host and port", {"a URL": "http://127.0.0.1:{}", "bare": "127.0.0.1:{}", "a name": "localhost:{}"})
def proxy_forms(stage, form):
    begin(stage)
    proxy, new = stage.proxy(), stage.another_server()
    move(stage, new, proxy={"url": form.format(proxy.port)})
    expect("CONNECT", proxy.requests and all(request.method == "CONNECT" for request in proxy.requests))


@conformance("[CONN-30] a proxy that refuses is FAILED")
def proxy_refuses(stage):
    begin(stage)
    proxy, new = stage.proxy(refusal=Reply(407)), stage.another_server()
    fail(stage, destination_endpoint=url(new), proxy={"url": f"http://127.0.0.1:{proxy.port}"})
    expect("it was not gone round", proxy.requests and not new.connections)


@conformance("[CONN-29] TLS to the proxy uses the settings of the connection")
def tls_to_proxy(stage):
    begin(stage)
    authority = stage.authority()
    client = authority.issue("client")
    proxy = stage.proxy(tls=stage.tls(client_ca=authority.file))
    new = stage.another_server(tls=stage.tls())
    move(stage, new, endpoint=url(new, "wss"), tls=trust(authority), certificate=certificate(client), proxy={"url": f"https://127.0.0.1:{proxy.port}"})
    expect("the certificate is shown to it", proxy.certificates and set(proxy.certificates) == {client.der()})


@conformance("[CONN-30] credentials in a proxy's URL are for the proxy")
def proxy_credentials(stage):
    begin(stage)
    proxy, new = stage.proxy(), stage.another_server()
    move(stage, new, proxy={"url": f"http://user:word@127.0.0.1:{proxy.port}"})
    expect("Basic", all(request.headers["proxy-authorization"] == "Basic dXNlcjp3b3Jk" for request in proxy.requests))
    expect("not for the server", not any("proxy-authorization" in request.headers for request in new.requests()))


# --- certificate requests


def begin_with_request(stage, **sections):
    """A server with TLS that asks for a client certificate, and an agent that asks for one of its own."""
    stage.scheme = "wss"
    authority = stage.authority()
    bootstrap = sections.pop("bootstrap", None)
    tls = {"ca_file": str(authority.file), "certificate_request": True}
    if bootstrap:
        tls.update(cert_file=str(bootstrap.cert), key_file=str(bootstrap.key))
    fs = stage.serve(tls=stage.tls(client_ca=authority.file, asked=True))
    stage.configure(capabilities={"accepts_opamp_connection_settings": True}, server={"tls": tls}, **sections)
    stage.start()
    stage.wait_report("a healthy agent", is_healthy)
    return fs


def requested(stage, fs, since=0):
    message = stage.wait_report("a certificate request", has("connection_settings_request"), since)
    return message.connection_settings_request.opamp.certificate_request.csr


def issue(stage, fs, request, offer_hash=b"issued", days=2):
    """Sends the certificate for a request; its DER."""
    signed = stage.authority().sign(request, days=days)
    since = fs.now()
    offer(stage, offer_hash, fs, destination_endpoint=url(fs, "wss"), certificate={"cert": signed, "ca_cert": stage.authority().pem.encode()})
    stage.wait_report("accepted", settings_status(APPLIED, offer_hash), since)
    return openssl("x509", "-outform", "DER", text=signed)


@conformance("[CONN-39] [CONN-40] a certificate is asked for with a request that the agent's own key has signed, once")
def csr(stage):
    fs = begin_with_request(stage)
    request = requested(stage, fs)
    expect("PEM", request.startswith(b"-----BEGIN CERTIFICATE REQUEST-----"))
    openssl("req", "-verify", "-noout", text=request)
    text = openssl("req", "-noout", "-subject", text=request).decode()
    expect(f"it names somebody: {text}", "CN" in text)
    stage.everything()
    asked = [message.connection_settings_request for message in fs.messages() if message.HasField("connection_settings_request")]
    expect("once", len(asked) == 1)
    expect("nothing is empty", all(one.HasField("opamp") and one.opamp.HasField("certificate_request") for one in asked))


@conformance("[CONN-38] no certificate is asked for from a server that has not proved itself, or does not take requests")
def csr_only_where_due(stage):
    stage.scheme = "wss"
    fs = stage.serve(tls=stage.tls(), capabilities=0x27)
    tls = {"ca_file": str(stage.authority().file), "certificate_request": True}
    stage.configure(capabilities={"accepts_opamp_connection_settings": True}, server={"tls": tls})
    stage.start()
    stage.wait_report("a healthy agent", is_healthy)
    stage.everything()
    expect("not asked", not any(map(has("connection_settings_request"), fs.messages())))
    stage.stop()
    since = fs.now()
    stranger = Authority(stage.folder, "stranger")
    fs.capabilities = 0x67
    stage.configure(capabilities={"accepts_opamp_connection_settings": True}, server={"tls": {**tls, "ca_file": str(stranger.file)}})
    stage.start()
    stage.wait_for_event("server.connect_failed")
    expect("nothing at all", fs.now() == since)


@conformance("[CONN-41] [CONN-42] the issued certificate is used with the key that never left; the one before it is not shown again")
def issued(stage):
    bootstrap = stage.authority().issue("bootstrap")
    fs = begin_with_request(stage, bootstrap=bootstrap)
    expect("the bootstrap certificate at first", fs.latest().peer_certificate == bootstrap.der())
    der = issue(stage, fs, requested(stage, fs))
    expect("the issued one then", fs.latest().peer_certificate == der)
    stage.stop()
    connections, since = len(fs.connections), fs.now()
    stage.start()
    stage.wait_report("after a restart", is_healthy, since)
    expect("also after a restart", {one.peer_certificate for one in fs.connections[connections:]} == {der})
    expect("no private key was ever sent", not any(b"PRIVATE KEY" in report.raw for report in fs.reports))
    expect("nor is the bootstrap key in the state", bootstrap.key_pem().split("\n")[1].encode() not in stage.state_text())


@conformance("[CONN-40] [CONN-41] a certificate that is good for centuries is not asked for again")
def issued_for_ever(stage):
    fs = begin_with_request(stage)
    issue(stage, fs, requested(stage, fs), days=7000 * 365)
    since = fs.now()
    fs.latest().reset()
    stage.wait_report("the next connection", is_full, since)
    stage.everything()
    expect("nothing is asked for", not any(map(has("connection_settings_request"), fs.messages(since))))


@conformance("[CONN-44] a new uid leads to a request with the new uid, on the connection with the old certificate")
def csr_for_new_uid(stage):
    fs = begin_with_request(stage)
    first = requested(stage, fs)
    issue(stage, fs, first)
    text = openssl("req", "-noout", "-text", text=first).decode()
    expect(f"the request names the uid: {text}", any(form in text for form in uid_texts(fs.messages()[0].instance_uid)))
    new = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    since = fs.now()
    fs.push(S2A(agent_identification={"new_instance_uid": new.bytes}))
    text = openssl("req", "-noout", "-text", text=requested(stage, fs, since)).decode()
    expect(f"the new uid: {text}", any(form in text for form in uid_texts(new.bytes)))


def uid_texts(bytes_):
    return (str(uuid.UUID(bytes=bytes_)), bytes_.hex())


if __name__ == "__main__":
    run()
