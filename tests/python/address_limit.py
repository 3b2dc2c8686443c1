"""A process whose address space is limited starts, raises MemoryError when it has used it up, and goes on."""

import subprocess
import sys

CHILD = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (HOW_MUCH, HOW_MUCH))
import subprocess, sys
done = subprocess.run([sys.executable, "-c", '''
def grow_list():
    items = []
    while True:
        items.append([len(items)] * 500)

def grow_dict():
    table = {}
    while True:
        table[len(table)] = bytes(2000)

def grow_text():
    text = "x" * 1000
    while True:
        text += text

for grow in grow_list, grow_dict, grow_text, lambda: [0] * 10**10, lambda: bytearray(10**10), lambda: 1 << 10**11:
    try:
        grow()
    except MemoryError:
        print("MemoryError", end=" ")
print(sum(range(10)))
'''], capture_output=True, text=True)
print(done.stdout.strip(), done.returncode, done.stderr.strip()[-200:])
"""

# A build for tests is large itself.
for limit in 800 << 20, 1500 << 20:
    done = subprocess.run([sys.executable, "-c", CHILD.replace("HOW_MUCH", str(limit))], capture_output=True, text=True)
    print(limit >> 20, done.stdout.strip(), done.stderr.strip()[-200:])
