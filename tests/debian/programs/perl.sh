# perl: regular expressions, numbers, sorting, files, processes, modules.
cat >p.pl <<'END'
use strict; use warnings; use POSIX qw(floor fmod strtol :sys_wait_h); use List::Util qw(sum reduce shuffle); use Data::Dumper; use Digest::SHA qw(sha256_hex); use MIME::Base64; use Time::Local; use Storable qw(freeze thaw); use Encode; use Math::BigInt; use File::Find; use Socket;
$Data::Dumper::Sortkeys = 1; $| = 1;
my %h; $h{ord(substr($_, 0, 1)) % 7} .= $_ for map { join '', map { chr(97 + ($_ * 31) % 26) } ($_ .. $_ + 4) } 1 .. 300; print "$_ ", length $h{$_}, "\n" for sort keys %h;
my $t = "The year 1999 and 2024, or 12345"; print join('|', $t =~ /\b(\d{4})\b/g), "\n"; (my $u = $t) =~ s/(\w+)/\u\L$1/g; print "$u\n"; print "$1-$2\n" if "foo=bar" =~ /^(?<k>\w+)=(?<v>.*)$/; print join(',', split /(?<=,)/, "a,b,c"), "\n"; print "balanced\n" if "((a)(b))" =~ /^(\((?:[^()]++|(?1))*\))$/;
my $s = 0; $s += sqrt($_) * sin($_) for 1 .. 50000; printf "%.10f %.15g %s %s\n", $s, 1 / 3, 1e21, 0.1 + 0.2; print 7 % -3, " ", -7 % 3, " ", 2 ** 62, " ", int(-3.7), " ", 1 <=> 2, " ", 18446744073709551615, " ", 9223372036854775807 + 1, "\n";
print Dumper({a => [1, 2, {b => undef}], c => \"x"}); print sha256_hex("abc" x 1000), "\n", encode_base64("hello" x 20); print Math::BigInt->new("123456789012345678901234567890")->bpow(5), "\n"; my $f = thaw(freeze([1, {x => 2}])); print $f->[1]{x}, "\n"; print length(encode("UTF-8", "\x{20ac}\x{1f600}")), "\n"; print timegm(0, 0, 0, 1, 0, 100), "\n"; print scalar(gmtime(0)), "\n";
print join(' ', sort { $a->[0] <=> $b->[0] || $b->[1] cmp $a->[1] } map { [$_ % 5, "x$_"] } 1 .. 3) =~ s/\(0x[0-9a-f]+\)//gr, "\n"; printf "%s\n", reduce { $a * $b } 1 .. 15; print pack("NnCa4w", 1, 2, 3, "abc", 300) =~ s/(.)/sprintf "%02x", ord $1/gesr, "\n"; print join(",", unpack("f<d>q", pack("f<d>q", 1.5, -2.25, -3))), "\n";
pipe(my $r, my $w); my $pid = fork; if (!$pid) { close $r; print $w "child\n"; exit 7 } close $w; print <$r>; waitpid $pid, 0; print $? >> 8, "\n"; print `echo backtick`; system "sh", "-c", "exit 3"; print $? >> 8, "\n"; local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 5; }; print $@; $SIG{USR1} = sub { print "usr1\n" }; kill USR1 => $$; eval { die { code => 5 } }; print $@->{code}, "\n";
open my $o, '>', 'out' or die; printf $o "%05d\n", $_ for reverse 1 .. 2000; close $o; open my $i, '<', 'out'; my @l = sort <$i>; print $l[0], scalar @l, "\n"; print -s 'out', "\n"; open(my $n, '<', 'nosuch') or print "$!\n"; socketpair(my $x, my $y, AF_UNIX, SOCK_STREAM, 0); syswrite $x, "sock"; sysread $y, my $b, 10; print "$b\n"; my @fd; find(sub { push @fd, $_ }, '.'); print scalar(@fd) > 2 ? "found\n" : "no\n"; format STDOUT =
@<<<<< @>>>>> @##.##
"left", "right", 3.14159
.
write; print sprintf('%vd', '1.22.333'), " ", lc "ÀB", " ", ucfirst "x", " ", "abc" x 2, " ", join(':', 'a' .. 'e'), "\n"; my $str = ''; $str .= chr($_ % 256) for 1 .. 5000; print unpack("%32C*", $str), "\n"; die "done\n";
END
perl -v | sed -n 2p | sed 's/ for .*//'; perl p.pl; echo $?; perl -e 'print "never' 2>&1; echo $?; perl -MConfig -e 'print "$Config{ivsize} $Config{byteorder} $Config{useithreads}\n"'; perl -Mthreads -Mthreads::shared -e 'my $n :shared = 0; my @t = map { threads->create(sub { for (1..200) { lock $n; $n++ } $_[0] * 2 }, $_) } 1..4; print join(",", map { $_->join } @t), " $n\n"'
