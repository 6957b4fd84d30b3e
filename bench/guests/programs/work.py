# Classes, dictionaries, big numbers, strings.
class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def plus(self, other):
        return Point(self.x + other.x, self.y - other.y)


def sieve(n):
    flags = bytearray([1]) * n
    for i in range(2, n):
        if flags[i]:
            for j in range(i + i, n, i):
                flags[j] = 0
    return sum(flags)


total = Point(0, 0)
for i in range(30000):
    total = total.plus(Point(i, i * 2))
words = {}
for line in open("/bench/data", encoding="latin-1").read(200000).split("\n"):
    for word in line.split():
        words[word] = words.get(word, 0) + 1
factorial = 1
for i in range(1, 800):
    factorial *= i
print(total.x, total.y, sieve(50000), sorted(words.items(), key=lambda p: (-p[1], p[0]))[:5], len(str(factorial)))
