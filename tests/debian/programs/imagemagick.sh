# ImageMagick: its own libraries are the guest's; those of the formats (JPEG, PNG, WebP, zlib, bzip2,
# XML, ...) may be the host's.
# native libraries
python3 -c '
w, h = 301, 199
open("p.ppm", "wb").write(b"P6\n%d %d\n255\n" % (w, h) + bytes((x * y // 7 + c * 40 + x) % 256 for y in range(h) for x in range(w) for c in range(3)))'
convert() { MAGICK_THREAD_LIMIT=1 convert-im6.q16 "$@"; echo "$?"; }
identify() { identify-im6.q16 -format '%m %w %h %z %[colorspace] %# %b\n' "$@"; }
convert p.ppm -sample 50% -quality 85 a.jpg; convert a.jpg -flip -strip a.png; convert a.png -crop 77x55+10+9 +repage -define webp:lossless=true a.webp
convert a.webp -rotate 90 -negate -colors 16 a.gif; convert a.gif -compress Zip a.tiff; convert a.tiff -compress BZip a.miff; convert a.png -depth 16 b.png
identify a.jpg a.png a.webp a.gif a.tiff a.miff b.png
convert a.png a.jpg -append -scale 120x80! ppm:- | sha256sum; convert -size 64x48 gradient:red-blue -set comment 'made here' c.png; identify-im6.q16 -format '%c\n' c.png
head -c 3000 a.png >cut.png; convert cut.png cut.ppm 2>&1; identify cut.ppm; head -c 2000 a.jpg >cut.jpg; convert cut.jpg -quiet cut.ppm 2>&1; identify cut.ppm; echo no picture >bad.webp; convert bad.webp x.ppm 2>&1
convert p.ppm -resize 64x48 -colorspace Gray -quality 70 g.jpg; identify g.jpg
