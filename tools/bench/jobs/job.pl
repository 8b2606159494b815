# Hashes, regular expressions, string building, sorting, closures, arithmetic.
use strict;
use warnings;

my ($x, %count) = (7);
for (1 .. 3_600_000) {
    $x = ($x * 1103515245 + 12345) % 2147483648;
    $count{ 'w' . $x % 5003 }++;
}
print join(' ', (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 4]), "\n";

my $text = join ' ', map { "item-$_=" . ($_ * 7 % 1000) } 1 .. 250_000;
my $sum = 0;
$sum += $2 while $text =~ /(\w+)-\d+=(\d+)/g;
(my $changed = $text) =~ s/(\d+)=(\d)/$2:$1/g;
print "$sum ", length $changed, "\n";

sub ackermann {
    my ($m, $n) = @_;
    return $n + 1 if !$m;
    return ackermann($m - 1, $n ? ackermann($m, $n - 1) : 1);
}
no warnings 'recursion';
print ackermann(2, 600), "\n";

my @m = map { my $i = $_; [map { $i * $_ % 17 + 0.5 } 1 .. 70] } 1 .. 70;
my @p;
for my $i (0 .. 69) {
    for my $j (0 .. 69) {
        my $s = 0;
        $s += $m[$i][$_] * $m[$_][$j] for 0 .. 69;
        $p[$i][$j] = $s;
    }
}
print $p[69][69], "\n";
my @sorted = sort { $a <=> $b } map { ($_ * 7919) % 100_003 } 1 .. 200_000;
print "$sorted[0] $sorted[-1]\n";
