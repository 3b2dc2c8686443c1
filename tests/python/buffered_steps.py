"""Buffered streams in random steps, beside a plain model of what a file is."""
import io
import os
import random
import tempfile

R = random.Random(3)


class Slow(io.RawIOBase):
    """A raw stream that gives few bytes at a time."""

    def __init__(self, data):
        self.data, self.at, self.random = bytearray(data), 0, random.Random(4)

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, target, whence=0):
        self.at = max(0, target + (0, self.at, len(self.data))[whence])
        return self.at

    def readinto(self, buffer):
        n = min(len(buffer), self.random.randrange(1, 9), max(0, len(self.data) - self.at))
        buffer[:n] = self.data[self.at:self.at + n]
        self.at += n
        return n


def steps(stream, data, count, writes):
    data, at, log = bytearray(data), 0, []
    for _ in range(count):
        what = R.randrange(9 if writes else 7)
        n = R.choice([0, 1, 2, 7, 16, 30, 100, 5000])
        if what == 0:
            got, want = stream.read(n), data[at:at + n]
        elif what == 1:
            end = data.find(b"\n", at) + 1 or len(data)
            got, want = stream.readline(), data[at:end]
        elif what == 2:
            end = min(data.find(b"\n", at) + 1 or len(data), at + n)
            got, want = stream.readline(n), data[at:end]
        elif what == 3:
            at = R.randrange(len(data) + 5)
            assert stream.seek(at) == at
            continue
        elif what == 4:
            room = bytearray(n)
            got = room[:stream.readinto(room)]
            want = data[at:at + n]
        elif what == 5:
            assert stream.tell() == at
            peeked = stream.peek(n)
            assert data[at:at + len(peeked)] == peeked and (peeked or at >= len(data))
            continue
        elif what == 6:
            got = stream.read1(n)
            want = data[at:at + len(got)]
            assert got == want and (got or n == 0 or at >= len(data))
            # How much it gives is the stream's own matter.
            stream.seek(at)
            continue
        elif what == 7:
            piece = bytes(R.choice(b"ab\n") for _ in range(n))
            assert stream.write(piece) == n
            if n:
                data[len(data):] = bytes(max(0, at - len(data)))
                data[at:at + n] = piece
                at += n
            continue
        else:
            stream.flush()
            continue
        assert got == want, (what, n, at, got, want)
        at += len(got)
        log.append(len(got))
    return data, sum(log)


text = b"".join(b"x" * R.randrange(40) + b"\n" for _ in range(300))
for size in (1, 7, 64, 8192):
    steps(io.BufferedReader(Slow(text), size), text, 300, False)
    with tempfile.TemporaryFile("w+b", buffering=max(size, 2)) as file:
        file.write(text)
        file.seek(0)
        data, total = steps(file, text, 400, True)
        file.seek(0)
        assert file.read() == data
        file.seek(0)
        assert list(file) == data.splitlines(True)
        print(size, len(data))

# Two runs over the same file, the second after it has become shorter, then longer.
name = os.path.join(tempfile.mkdtemp(), "file")
with open(name, "wb+") as file:
    for lines in (100, 3, 0, 50):
        file.seek(0)
        file.truncate()
        file.write(b"a line\n" * lines)
        file.seek(0)
        print(len(list(file)), file.read(), file.tell())
os.remove(name)


# A raw stream whose reading reads the same buffer, and one that sets it up anew.
class Again(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, buffer):
        try:
            reader.read(1)
        except RuntimeError as error:
            print(str(error).split(" <")[0])
        buffer[:3] = b"abc"
        return 3


reader = io.BufferedReader(Again(), 16)
print(reader.read(2), reader.peek())


class Failing(Slow):
    def readinto(self, buffer):
        if self.at:
            raise OSError("no more")
        return super().readinto(buffer)


reader = io.BufferedReader(Failing(b"abcdef" * 3), 16)
first = reader.read1(1)
try:
    reader.read(100)
except OSError as error:
    print(first, error, reader.raw.at > 0)
