# openssl: digests, ciphers, signatures, certificates, speed, TLS between a client and a server.
# native libraries
# limit: 120
head -c 100000 /dev/zero | tr '\0' 'q' >d; seq 1 20000 >e
for h in md5 sha1 sha224 sha256 sha384 sha512 sha512-256 sha3-256 shake128 blake2b512 blake2s256 sm3 ripemd160; do openssl dgst -$h d e; done
for c in aes-128-cbc aes-256-ctr aes-192-ofb aes-256-cfb8 camellia-256-cbc chacha20 sm4-ctr aria-128-cbc des-ede3-cbc aes-128-ecb; do openssl enc -$c -K 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f -iv 0102030405060708090a0b0c0d0e0f10 -in e 2>/dev/null | sha256sum; openssl enc -$c -pbkdf2 -k pw -in e -out x && openssl enc -d -$c -pbkdf2 -k pw -in x | cmp - e && echo "$c"; done
openssl mac -digest SHA256 -macopt hexkey:00112233 HMAC -in d 2>&1; openssl mac -cipher AES-128-CBC -macopt hexkey:00112233445566778899aabbccddeeff -in d CMAC; openssl mac -macopt hexkey:0011223344556677889900112233445566778899001122334455667788990011 -in d Poly1305; openssl mac -cipher aes-256-gcm -macopt hexkey:0011223344556677889900112233445566778899001122334455667788990011 -macopt hexiv:010203040506070809101112 -in d GMAC; openssl kdf -keylen 16 -kdfopt digest:SHA256 -kdfopt pass:pw -kdfopt salt:NaCl -kdfopt iter:5000 PBKDF2; openssl kdf -keylen 16 -kdfopt pass:pw -kdfopt salt:s -kdfopt n:1024 -kdfopt r:8 -kdfopt p:1 SCRYPT
openssl prime -hex 1fffffffffffffffffffffffffffffff; openssl passwd -6 -salt abc secret; openssl passwd -apr1 -salt abc secret; echo hi | openssl base64; openssl rand -hex 16 | wc -c
for k in 'rsa -pkeyopt rsa_keygen_bits:2048' 'ec -pkeyopt ec_paramgen_curve:P-256' 'ec -pkeyopt ec_paramgen_curve:secp384r1' 'ec -pkeyopt ec_paramgen_curve:secp521r1' ed25519 ed448; do
    openssl genpkey -algorithm $k -out key 2>/dev/null; openssl pkey -in key -pubout -out pub; case $k in ed*) raw=-rawin ;; *) raw='-rawin -digest sha256' ;; esac
    openssl pkeyutl -sign $raw -inkey key -in d -out sig && openssl pkeyutl -verify $raw -pubin -inkey pub -in d -sigfile sig; 2>/dev/null openssl pkeyutl -verify $raw -pubin -inkey pub -in e -sigfile sig
done
openssl genpkey -algorithm x25519 -out a; openssl genpkey -algorithm x25519 -out b; openssl pkey -in a -pubout -out ap; openssl pkey -in b -pubout -out bp; openssl pkeyutl -derive -inkey a -peerkey bp | md5sum >1; openssl pkeyutl -derive -inkey b -peerkey ap | md5sum >2; cmp 1 2 && echo agreed
cat >fixed <<'END'
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
END
openssl pkeyutl -sign -rawin -inkey fixed -in d | base64 -w0; echo
openssl req -x509 -newkey rsa:2048 -nodes -keyout s.key -out s.crt -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null; openssl x509 -in s.crt -noout -subject -ext subjectAltName; openssl verify -CAfile s.crt s.crt
tls() {
    : >log; openssl s_server -accept 127.0.0.1:0 -cert s.crt -key s.key -naccept 1 -rev "$@" >log 2>&1 & p=$!
    for i in $(seq 200); do port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' log); [ -n "$port" ] && break; sleep 0.05; done
    (echo hello; sleep 0.5; echo CLOSE) | openssl s_client -connect 127.0.0.1:"$port" -CAfile s.crt -servername localhost -verify_return_error -verify_hostname localhost "$@" 2>&1 | grep -aE '^(olleh|Verif.*code|Verification|Cipher|New,|Peer sig|Server Temp| *Protocol)' | sort -u; kill $p 2>/dev/null; wait $p 2>/dev/null
}
tls -tls1_3; tls -tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256; tls -tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256; tls -tls1_2
openssl speed -seconds 1 -bytes 1024 -evp sha256 2>/dev/null | awk '{ print $1, NF }' | tail -1; openssl speed -seconds 1 -mr ecdsap256 2>/dev/null | cut -d: -f1,2,3 | grep F4; openssl version | cut -d' ' -f1,2; openssl nosuch 2>&1 | head -1 | cut -c1-20; openssl list -digest-algorithms | wc -l
