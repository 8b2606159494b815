# Codecs whose results do not depend on the architecture: flac, x264, WebP (lossless), PNG and raw
# filters of ffmpeg; the linear-programming solver.
# limit: 180
ffmpeg -nostdin -v error -f lavfi -i "testsrc2=s=320x180:r=25" -pix_fmt yuv420p -frames:v 20 -y v.y4m; sha256sum v.y4m
gawk 'BEGIN { for (i = 0; i < 88200; i++) { x = (x * 1103515245 + 12345) % 2147483648; print int(8000 * sin(i * 0.05)) + x % 64 } }' | perl -ne 'print pack("s<", $_)' >s.raw; sha256sum s.raw
flac -s -f --force-raw-format --endian=little --sign=signed --channels=1 --bps=16 --sample-rate=44100 -8 -o s.flac s.raw; metaflac --show-md5sum s.flac; flac -s -d -f --force-raw-format --endian=little --sign=signed -o d.raw s.flac; cmp s.raw d.raw && echo lossless; flac -t -s s.flac; echo $?
x264 --quiet --threads 1 --qp 22 --preset ultrafast --no-psy -o v.264 v.y4m 2>/dev/null; sha256sum v.264; ffmpeg -nostdin -v error -i v.264 -f rawvideo -y v.yuv; sha256sum v.yuv
ffmpeg -nostdin -v error -i v.y4m -sws_flags bitexact+accurate_rnd+full_chroma_int -frames:v 1 -y p.png; sha256sum p.png; ffmpeg -nostdin -v error -i p.png -vf "hflip,transpose=1,negate" -f framemd5 -; cwebp -quiet -lossless p.png -o p.webp; dwebp -quiet p.webp -ppm -o p.ppm; ffmpeg -nostdin -v error -i p.png -f image2 -c:v ppm -y q.ppm; cmp p.ppm q.ppm && echo same picture; webpinfo -quiet p.webp | tail -1
cat >m.lp <<'END'
Maximize
 obj: 3 x + 5 y + 4 z
Subject To
 a: 2 x + 3 y <= 8
 b: 2 y + 5 z <= 10
 c: 3 x + 2 y + 4 z <= 15
Integer
 x
End
END
glpsol --lp m.lp -o m.sol >/dev/null; grep -vE '^$|^Problem' m.sol; ffmpeg -nostdin -i nosuch 2>&1 | tail -1
