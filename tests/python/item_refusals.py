"""What refuses to have items set and deleted, in which words."""

import collections,array,types
def T(f):
    try: return f()
    except Exception as e: return f"{type(e).__name__}: {e}"
def d(o,k):
    def g(): del o[k]
    return T(g)
def s(o,k):
    def g(): o[k]=1
    return T(g)
class A: pass
class B(tuple): pass
class I(int): pass
class G:
    def __getitem__(self,i): return 1
class S(str): pass
for o in (1,1.5,None,"x",b"x",(),range(3),A(),B(),I(),G(),S("a"),frozenset(),{1},slice(1),memoryview(b"ab"),{}.keys(),types.MappingProxyType({}),iter([]),len,int,lambda:1,1j,Ellipsis,array.array("i",[1]),collections.deque([1]),bytearray(b"a"),[1]):
    for k in (0,"k",slice(0,1),10**30): print(type(o).__name__,k,d(o,k),"|",s(o,k))
