"""ctypes: simple types, structures, arrays, pointers, calls and callbacks of C functions."""
import re
from ctypes import *
def t(f):
    try: text = repr(f())
    except BaseException as e: text = f"{type(e).__name__} {e}"
    # Addresses differ from run to run.
    print(re.sub(r'0x[0-9a-f]{5,}|c_char_p\(\d+\)|^\d{6,}$|\S*/[\w.]+: ', '...', text))
for f in (lambda:c_int('x'), lambda:c_int(1.5), lambda:c_int(2**40), lambda:c_byte(-200), lambda:c_char('x'), lambda:c_char(b'xy'), lambda:c_char(300), lambda:c_char(65), lambda:c_wchar('ab'), lambda:c_wchar(3), lambda:c_char_p('x'), lambda:c_char_p(b'x'), lambda:c_void_p('x'), lambda:c_void_p(5), lambda:c_void_p(None), lambda:c_float('x'), lambda:c_float(1), lambda:c_bool('x'), lambda:c_int(1,2), lambda:c_wchar_p(b'x'), lambda: py_object(), lambda: py_object([1]), lambda: c_int.from_param('x'), lambda:c_int.from_param(5), lambda:c_char_p.from_param('x'), lambda:c_char_p.from_param(b'x'), lambda:c_double.from_param(2), lambda:c_void_p.from_param(1.5), lambda:byref(c_int(3)), lambda: byref(3), lambda:sizeof(int), lambda: addressof(3), lambda: alignment(3), lambda: c_int*-1, lambda:(c_int*3), lambda:(c_int*3)(1,2,3,4), lambda:(c_int*3)(1,2)[1], lambda:(c_int*3)()[5], lambda:(c_int*3)(1,2,3)[:2], lambda: (c_char*4)(*b'abcd').value, lambda:(c_char*4)(b'a',b'b').raw, lambda: POINTER(c_int), lambda: POINTER(c_int)(), lambda: POINTER(c_int)()[0], lambda: pointer(c_int(4)).contents, lambda: pointer(c_int(4))[0], lambda: pointer(3), lambda: POINTER(c_int)(c_float(1)), lambda: POINTER(c_int)() == True, lambda: bool(POINTER(c_int)()), lambda: bool(pointer(c_int(0))), lambda: cast(c_char_p(b'hello'),POINTER(c_char))[1], lambda: string_at(b'abc',2), lambda: CDLL('nolib.so'), lambda: CDLL(None).nosuchfn, lambda: CDLL(None).strlen(b'abc'), lambda: CDLL(None).abs(-5), lambda: CDLL(None).abs(1.5), lambda: CDLL(None).strlen, lambda:memoryview(c_int(3)).format, lambda: memoryview((c_int*3)(1,2,3)).tolist(), lambda: create_string_buffer(b'abc').raw, lambda: create_string_buffer(3), lambda: create_unicode_buffer('ab').value, lambda: _SimpleCData(), lambda: c_int.__mro__, lambda: type(c_int), lambda: type(Structure), lambda: Structure(), lambda: Array(), lambda: c_int.in_dll(CDLL(None),'optind').value, lambda: resize(c_int(),2), lambda: c_int.from_buffer(b'abcd'), lambda: c_int.from_buffer(bytearray(3)), lambda: c_int.from_buffer_copy(b'\1\0\0\0').value, lambda: c_uint8.__name__, lambda: c_long(3).value, lambda: c_longdouble(1.5), lambda: c_size_t(-1), lambda: c_ssize_t(-1), lambda: c_int.__ctype_be__):
    t(f)
class P(Structure): _fields_=[('x',c_int),('y',c_double),('n',c_char*3)]
class Q(Structure): _fields_=[('p',P),('a',c_short*2),('s',c_char_p)]
class B(Structure): _fields_=[('a',c_int,3),('b',c_uint,5),('c',c_int)]
class U(Union): _fields_=[('i',c_int),('f',c_float)]
class BE(BigEndianStructure): _fields_=[('a',c_short),('b',c_int)]
for f in (lambda:P(1,2.5,b'ab').n, lambda:P(x=3).x, lambda:P(1,2,b'abcd'), lambda:P(1,2,3,4), lambda:P(1,x=2), lambda:P(z=1).z, lambda:P.x, lambda:(P.x.offset,P.y.size,sizeof(P),alignment(P)), lambda:Q(P(1,2),(3,4),b's').a[1], lambda:Q(P(1,2),(3,4),b's').s, lambda:Q().p.x, lambda:B(-1,7,9).a, lambda:B(2,33).b, lambda:B.b, lambda:sizeof(B), lambda:U(i=1).f, lambda:bytes(BE(1,2)), lambda:BE(1,2).b, lambda:setattr(P,'_fields_',[]), lambda:P('x'), lambda:memoryview(P()).format, lambda: memoryview(B()).format, lambda: type('X',(Structure,),{'_fields_':[('x',int)]}), lambda: type('X',(Structure,),{'_fields_':3}), lambda: type('X',(Structure,),{'_fields_':[('a',c_char)],'_pack_':1,'_layout_':'ms'})().a):
    t(f)
q=Q(); q.p.x=7; q.a[0]=5; q.s=b'hi'; print(q.p.x,q.a[:],q.s)
libc=CDLL(None,use_errno=True)
CMP=CFUNCTYPE(c_int,POINTER(c_int),POINTER(c_int))
arr=(c_int*5)(5,1,4,2,3); libc.qsort(arr,len(arr),sizeof(c_int),CMP(lambda a,b:a[0]-b[0])); print(arr[:])
libc.strtol.argtypes=[c_char_p,POINTER(c_char_p),c_int]; libc.strtol.restype=c_long; e=c_char_p(); print(libc.strtol(b'12abc',byref(e),10), e.value)
t(lambda: libc.strtol('x',None,10)); t(lambda: libc.strtol(b'x',None)); t(lambda: libc.strtol(b'7',None,10,11))
libc.open.restype=c_int; print(libc.open(b'/nonexistent',0), get_errno()); set_errno(5); print(get_errno())
libc.strchr.restype=c_char_p; print(libc.strchr(b'hello',b'l'[0]))
def errcheck(r,f,a): return ('checked',r,a)
libc.labs.restype=c_long; libc.labs.argtypes=[c_long]; libc.labs.errcheck=errcheck; print(libc.labs(-4))
libc.sprintf.restype=c_int; buf=create_string_buffer(50); print(libc.sprintf(buf,b'%d %s %.2f',3,b'xx',c_double(2.5)), buf.value)
class D(Structure): _fields_=[('quot',c_int),('rem',c_int)]
libc.div.restype=D; d=libc.div(17,5); print(d.quot,d.rem)
print(libc.strlen.__name__, CMP.__name__, isinstance(libc.strlen, libc._FuncPtr))
buf=(c_char*10)(); memmove(buf,b'abc',3); memset(addressof(buf)+5,65,2); print(buf.raw)
p=pointer(c_int(9)); p.contents=c_int(11); p[0]=12; print(p.contents.value, cast(p,c_void_p).value==addressof(p.contents))
class N(Structure): pass
N._fields_=[('v',c_int),('next',POINTER(N))]
n1=N(1); n2=N(2,pointer(n1)); print(n2.next.contents.v, bool(n1.next), n2.next[0].v)
x=bytearray(8); i=c_int.from_buffer(x,4); i.value=258; print(x)
t(lambda: x.append(1))
print(c_int(3)==c_int(3))
t(lambda: hash(c_int(3)))
import pickle
print(pickle.loads(pickle.dumps(P(4,5.5,b'q'))).y)
cb=CFUNCTYPE(c_double,c_double,c_int)(lambda a,b:a*b); print(cb(2.5,4))
print(py_object([1,2]).value)
print(c_wchar_p('héllo').value, wstring_at(c_wchar_p('xyz'),2))
