# cjpeg, djpeg, jpegtran, cwebp, dwebp: pictures through the libraries of the formats.
# native libraries
python3 -c '
w, h = 301, 199
open("p.ppm", "wb").write(b"P6\n%d %d\n255\n" % (w, h) + bytes((x * y // 7 + c * 40 + x) % 256 for y in range(h) for x in range(w) for c in range(3)))'
cjpeg -quality 90 p.ppm >a.jpg; cjpeg -progressive -optimize -sample 2x2 p.ppm >b.jpg; cjpeg -grayscale -arithmetic p.ppm >c.jpg
for f in a b c; do djpeg -ppm $f.jpg | sha256sum; djpeg -scale 1/2 -bmp $f.jpg | sha256sum; jpegtran -rotate 90 -trim $f.jpg | djpeg -pnm | sha256sum; done
head -c 2000 a.jpg >cut.jpg; djpeg cut.jpg 2>&1 >cut.ppm; echo $?; sha256sum cut.ppm; echo no picture >bad.jpg; djpeg bad.jpg 2>&1; echo $?
cwebp -quiet p.ppm -o p.webp; dwebp -quiet p.webp -o p.png; dwebp -quiet p.webp -ppm -o q.ppm; cwebp -quiet -lossless p.png -o l.webp; cwebp -quiet a.jpg -o j.webp; sha256sum q.ppm p.webp l.webp j.webp; cwebp -quiet -noasm p.ppm -o n.webp; cmp p.webp n.webp && echo the same without SIMD
python3 -c '
import struct, zlib
d = open("p.png", "rb").read(); at = 8; data = b""
while at < len(d):
    n, kind = struct.unpack(">I4s", d[at:at + 8]); print(kind, n if kind != b"IDAT" else ""); data += d[at + 8:at + 8 + n] if kind == b"IDAT" else b""; at += n + 12
print(zlib.crc32(zlib.decompress(data)))'
head -c 3000 p.png >cut.png; cwebp -quiet cut.png -o x.webp; echo $?
