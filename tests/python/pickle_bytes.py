"""Pickles to the byte, in all protocols."""
import pickle
for p in range(6):
    for o in [5,-5,2**31,2**40,-2**31,-2**31-1,10**30,True,None,1.5,float('inf'),-0.0,'a\n\\\r\0\x1a\xe9\u1234\U00012345','',b'',b'abc',bytearray(b''),bytearray(b'ab'),(),(1,),(1,2),(1,2,3),(1,2,3,4),[],[1],list(range(3)),{},{1:2},{1:2,3:4},set(),{1},frozenset(),frozenset([1]),type(None),int,len,[].append,print,...,NotImplemented,type(...),complex(1,2),range(3), ValueError('a'),slice(1,2,3)]:
        print(p,ascii(o)[:30],pickle.dumps(o,p))
    a=[];a.append(a); print(pickle.dumps(a,p))
    t=([],); t[0].append(t); print(pickle.dumps(t,p))
    import hashlib
    for n in (999,1000,1001,2000,2001):
        for o in (list(range(n)),dict.fromkeys(range(n)),set(range(n)),frozenset(range(n)),tuple(range(n)),[str(i) for i in range(n)]):
            print(p,n,type(o),hashlib.md5(pickle.dumps(o,p)).hexdigest())
    print(hashlib.md5(pickle.dumps([b'x'*100000,'y'*100000,bytearray(b'z'*100000),'s'*300, 'q'*70000, 'a'*60000,'b'*5000,'c'*65536,'d'*65535],p)).hexdigest())
