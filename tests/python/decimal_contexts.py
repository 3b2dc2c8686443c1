"""Decimals under random contexts: every operation with its result and its flags."""
import random
from decimal import *
r=random.Random(314)
def num():
    d=r.choice([1,1,2,3,5,9,17,18,19,20,28,36,40])
    s=''.join(r.choice('0123456789' if r.random()<.7 else '05') for _ in range(d))
    t=r.random()
    if t<.5: i=r.randrange(len(s)+1); s=s[:i]+'.'+s[i:]
    if r.random()<.3: s+='e'+str(r.randrange(-30,30))
    if r.random()<.3: s='-'+s
    if r.random()<.02: s=r.choice(['nan','snan12','inf','-inf','NaN123','0','-0','0e-40',' 1_0.5 ','1__0','٣.١','.','-.','1.e5'])
    return s
R=[ROUND_CEILING,ROUND_FLOOR,ROUND_UP,ROUND_DOWN,ROUND_HALF_UP,ROUND_HALF_DOWN,ROUND_HALF_EVEN,ROUND_05UP]
S=['.1f','.2f','f','10.3f','<12.2f','^15.0f','+.2f',' .3F','=+12.1f','*^20.4f','z.1f','#.0f','012.2f',',.2f','.3e','%','.1%','g','.4g','é>12.2f','','_.2f','.10f']
for i in range(150):
    setcontext(Context(prec=r.choice([1,2,5,9,16,18,19,28,28,28,35,36,37,50]),rounding=r.choice(R),Emin=r.choice([-999999,-20,-5]),Emax=r.choice([999999,30,10]),clamp=r.choice([0,0,0,1]),traps=[]))
    a,b=num(),num()
    out=[]
    try: x,y=Decimal(a),Decimal(b)
    except Exception as e: print(i,a,b,repr(e)); continue
    for f in (lambda:x/y,lambda:x*y,lambda:x+y,lambda:x-y,lambda:x//y,lambda:x%y,lambda:x.quantize(y),lambda:+x,lambda:x<y,lambda:x==y,lambda:x>=y,lambda:x.normalize(),lambda:str(x),lambda:x.to_integral_value(),lambda:format(x,r.choice(S)),lambda:format(x/y,r.choice(S)),lambda:x.sqrt(),lambda:divmod(x,y),lambda:x.fma(y,x)):
        c=getcontext(); c.clear_flags()
        try: v=f(); o=repr(v)
        except Exception as e: o=type(e).__name__+str(e)
        out.append(o+'|'+','.join(sorted(k.__name__[:4] for k,v in c.flags.items() if v)))
    print(i,a,b,*out)
