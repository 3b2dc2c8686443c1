"""The native unpickler: what it refuses, and how."""
import _pickle, pickle, io
P=_pickle.Pickler; U=_pickle.Unpickler
p=P(io.BytesIO()); u=U(io.BytesIO(pickle.dumps([1])))
def t(f,*a,**k):
    try: print(f(*a,**k))
    except BaseException as e: print(type(e), e, e.__cause__, getattr(e,'__notes__',None), e.__context__)
t(P); t(P,1); t(P,io.BytesIO(),6); t(P,io.BytesIO(),'a'); t(P,io.BytesIO(),4,buffer_callback=1)
t(U); t(U,1); t(U,io.BytesIO(), buffers=1)
class PP(P):
    def __init__(self): pass
t(PP().dump,1)
class UU(U):
    def __init__(self): pass
t(UU().load)
t(setattr,p,'memo',1); t(setattr,u,'memo',1); t(setattr,p,'memo',{1:2}); t(setattr,u,'memo',{'a':2}); t(setattr,u,'memo',{-1:2}); t(setattr,p,'memo',{1:(1,2)}); 
t(delattr,p,'memo')
t(_pickle.loads,'a'); t(_pickle.loads,b''); t(_pickle.loads,b'.'); t(_pickle.loads,b'N'); t(_pickle.loads,b'\xff'); t(_pickle.loads,b'(.'); t(_pickle.loads,b't.');t(_pickle.loads,b'N(t.'); t(_pickle.loads,b'0.');t(_pickle.loads,b'1.');t(_pickle.loads,b'2.');t(_pickle.loads,b'\x85.');t(_pickle.loads,b'\x80\x09.')
for x in [b'I', b'Ia\n.', b'I01\n.', b'I00\n.', b'L12L\n.', b'L\n.',b'Lx\n.', b'F1.5\n.',b'F\n.',b'Fx\n.',b"S'a'\n.",b"Sa\n.",b"S'\n.",b"S'\\x'\n.",b'Va\\u1234\n.',b'V\\u12\n.',b'T\xff\xff\xff\xff.',b'U\x02ab.',b'X\x02\0\0\0\xff\xff.',b'X\x02\0\0\0ab.',b'\x8b\xff\xff\xff\xff.',b'\x8a\x01\xff.',b'h\x01.',b'j\x01\0\0\0.',b'g1\n.',b'gx\n.',b'g-1\n.',b'p-1\n.',b'Np-1\n.',b'Npx\n.',b'r.',b'cos\nfoo\n.',b'cxyz\nfoo\n.',b'cos\n.',b'cos',b'\x93.',b'\x8c\x01aK\x01\x93.',b'K\x01K\x02\x93.',b'\x82\x00.',b'\x82\x01.',b'\x84\0\0\0\x80.',b'R.',b'NNR.',b'N)R.',b'NN\x81.',b'cbuiltins\nint\nN\x81.',b'N)\x81.',b'NN}\x92.',b'N)}\x92.',b'N)N\x92.',b'b.',b'NNb.',b'N}b.',b'N}Na.',b'Na.',b'(e.',b'N(Ne.',b'](1e.',b'N(NNu.',b'}(Nu.',b'}Ns.',b'}]Ns.',b'}]NNs.',b'](N\x90.',b'\x8f(N\x90.',b'\x8f(]\x90.',b'(N\x91.',b'(]\x91.',b'Q.',b'NQ.',b'Pabc\n.',b'P\xff\n.',b'\x95\x00\x00\x00\x00\x00\x00\x00\xff.',b'\x95\x05\0\0\0\0\0\0\0N.',b'\x95\x01\0\0\0\0\0\0\0N.',b'\x95\x02\0\0\0\0\0\0\0N\x95\x01\0\0\0\0\0\0\0..',b'\x97.',b'\x98.',b'N\x98.',b'(N(N.',b'(dN.',b'((Nd.',b'(i.',b'(ios\nx\n.',b'(o.',b'(No.',b'(Nl.',b'C\x05ab.',b'B\x05\0\0\0ab.',b'\x8e\xff\xff\xff\xff\xff\xff\xff\xff.',b'\x8d\xff\xff\xff\xff\xff\xff\xff\xff.',b'\x96\xff\xff\xff\xff\xff\xff\xff\xff.',b'\x96\x05\0\0\0\0\0\0\0ab.',b'G1234.',b'\x94.',b'M1.',b'J1.',b'(cbuiltins\nValueError\nK\x01o.',b'(cbuiltins\nint\n]o.',b'cbuiltins\nint\n)}K\x01b.', b'c__builtin__\nxrange\n.', b'\x80\x04\x8c\x02os\x8c\x06path.x\x93.']:
    print(x, end=' '); t(_pickle.loads,x)
