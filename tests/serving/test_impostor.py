"""Ports that show a wrong certificate: they end with what is open on them."""

import gc
import socket
import ssl

from emulator import World


def test_what_is_open_on_a_wrong_port_is_closed_with_it():
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    with World("acme") as world, world.intercept():
        world.faults.add(party="okta", certificate="expired")
        plain = socket.create_connection(("acme.okta.com", 443), timeout=5)
        stays = careless.wrap_socket(plain, server_hostname="acme.okta.com")
        stays.sendall(b"GET / HTTP/1.1\r\nHost: acme.okta.com\r\n\r\n")
        assert stays.recv(5) == b"HTTP/"
    with stays:
        stays.settimeout(5)
        while stays.recv(65536):  # what had been answered, then the end
            pass
    gc.collect()  # a transport that was left open complains here, and warnings are errors
