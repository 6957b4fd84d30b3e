# Hashes, sorting, regular expressions on text.
my (%count, $sum);
open my $file, '<', '/bench/data' or die;
while (my $line = <$file>) {
    last if $. > 6000;
    for my $word (split /\W+/, $line) {
        $count{lc $word}++;
    }
    $sum += length $1 if $line =~ /(\w+ing\b.*\b[aeiou]\w*)/;
    $line =~ s/\b(\w)(\w*)\b/$2$1/g;
    $sum += ord substr $line, 3, 1;
}
my @names = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
print "$_ $count{$_}\n" for @names[0 .. 19];
my ($a, $b) = (0, 1);
($a, $b) = ($b, ($a + $b) % 1000007) for 1 .. 150000;
print "$sum $a\n";
