# curl: a server of Python's, plain and with TLS; downloads, ranges, uploads, errors, formats.
# native libraries
mkdir www; seq 20000 >www/numbers; echo '{"a": 1}' >www/a.json
cat >server.py <<'EOF'
import http.server, ssl, sys, threading
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def __init__(self, *a): super().__init__(*a, directory="www")
    def log_message(self, *a): pass
    def version_string(self): return "server"
    def date_time_string(self, t=None): return "then"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])); self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body[::-1])
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if len(sys.argv) > 1:
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain("s.crt", "s.key"); s.socket = c.wrap_socket(s.socket, server_side=True)
print(s.server_address[1], flush=True); s.serve_forever()
EOF
openssl req -x509 -newkey rsa:2048 -nodes -keyout s.key -out s.crt -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
start() { rm -f port; python3 server.py "$@" >port 2>err & p=$!; for _ in $(seq 300); do [ -s port ] && break; sleep 0.1; done; port=$(cat port); }
start
u=http://localhost:$port; curl -s $u/numbers | sha256sum; curl -s -r 10-19 $u/numbers; echo; curl -s -w '%{http_code} %{size_download} %{content_type}\n' -o o $u/a.json; cmp o www/a.json; curl -s -I $u/a.json; curl -sf $u/nosuch; echo $?; curl -s -d 'some text' $u/; echo; curl -s --data-binary @www/numbers $u/ | sha256sum; curl -s -F f=@www/a.json -F x=y $u/ | wc -l
curl -s --no-progress-meter -Z -o 1 -o 2 -o 3 $u/numbers $u/numbers $u/numbers; sha256sum 1 2 3; curl -s -K - <<EOF | tail -n 1
url = $u/numbers
header = "X: y"
EOF
kill $p; wait $p 2>/dev/null; curl -s $u/a.json; echo $?; curl -s file://"$PWD"/www/a.json; curl -s nosuch://x; echo $?
start tls
u=https://localhost:$port; curl -s --cacert s.crt $u/numbers | sha256sum; curl -s --cacert s.crt "https://127.0.0.1:$port/a.json"; echo $?; curl -sk $u/a.json; curl -s --cacert s.crt --compressed -w '%{ssl_verify_result} %{http_version}\n' $u/a.json; kill $p
# A host's name is in the locale's characters.
for l in C C.UTF-8; do LC_ALL=$l curl -s --resolve xn--bcher-kva.test:1:127.0.0.1 http://bücher.test:1/; echo $l $?; done
