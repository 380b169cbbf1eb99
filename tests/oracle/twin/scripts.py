import random, struct, sys, os
DIR = sys.argv[1]  # one file of inputs per application
def s(x): return '~' if x is None else (x.encode().hex() or "''")
def i64(x): return '~' if x is None else struct.pack('>q', x).hex()
def raw(b): return '~' if b is None else (b.hex() or "''")
HEAD = ['h=1', 'h=2', 'trace=abc', 'none=~', 'empty=']
def write(name, lines):
    open(f'{DIR}/{name}.txt','w').write('\n'.join(lines)+'\n')
def heads(r):
    n = r.choice([0,0,0,1,2]); return ''.join(' '+r.choice(HEAD) for _ in range(n))
class Clock:
    def __init__(self, r, neg=False): self.r=r; self.t=r.randrange(0,50); self.neg=neg
    def next(self):
        r=self.r; c=r.random()
        if c<0.6: self.t+=r.randrange(0,12)
        elif c<0.65: self.t+=r.randrange(50,400)
        if c>0.8: return max(0,self.t-r.randrange(0,150))
        return self.t
keys=['a','b','c','d','e','ab','']
def key(r): return None if r.random()<0.08 else r.choice(keys)
def sval(r): return None if r.random()<0.12 else r.choice(['a','b','bb','ccc','dddd','','longer text','zz'])
def lval(r): return None if r.random()<0.12 else r.choice([r.randrange(-10,40)]*8+[2**62,-2**62,0])
def lsmall(r): return None if r.random()<0.12 else r.randrange(-10,40)
def make(name, topics, n=220, adv=0.0, neg=False):
    r=random.Random(name); c=Clock(r); lines=[]
    for i in range(n):
        if r.random()<adv: lines.append('A %d'%r.choice([1,10,100,249,250,251,1000])); continue
        t,kf,vf=r.choice(topics)
        ts=c.next()
        if neg and r.random()<neg: ts=-r.randrange(1,5)
        lines.append(f'R {t} {kf(r)} {vf(r)} {ts}{heads(r)}')
    write(name,lines)
K=lambda r:s(key(r)); SV=lambda r:s(sval(r)); LV=lambda r:i64(lval(r)); LS=lambda r:i64(lsmall(r))
BADL=lambda r: '00ff' if r.random()<0.06 else LS(r)
make('stateless',[('in',K,SV)])
make('grouping',[('in',K,LV)])
make('windows',[('in',K,LS)],400)
open(f'{DIR}/windows.txt','a').write('\n'.join([f'R in {s("z")} {i64(1)} {t}' for t in (2**62, 2**63-1, 2**63-5, 2**63-2, 2**62)])+'\n')
make('joins',[('in',K,SV),('in',K,SV),('table',K,SV),('numbers',K,LS)],300)
make('join-with-count',[('in',K,SV)])
make('repartitions',[('in',K,LS)])
make('topics',[('in',K,SV),('other',K,SV),('in2',K,SV)])
make('processors',[('in',K,LS)],300,0.06)
make('shared-store',[('in',K,LS),('questions',K,SV),('alone',K,SV)],300,0.03)
make('extractor-fail',[('in',K,LS)],60,0,0.05)
for e in ('skip','partition-time','wall','custom'): make('extractor-'+e,[('in',K,LS)],150,0.05 if e=='wall' else 0,0.1)
# primitives
def bad(f): return lambda r: raw(r.choice([b'',b'\x01',b'\x00'*3,b'\x01\x02\x03\x04\x05'])) if r.random()<0.12 else f(r)
i16=bad(lambda r: '~' if r.random()<.1 else struct.pack('>h',r.choice([0,1,-1,32767,-32768,255])).hex())
i32=bad(lambda r: '~' if r.random()<.1 else struct.pack('>i',r.choice([0,1,-1,2**31-1,-2**31,65535,70000])).hex())
f32=bad(lambda r: '~' if r.random()<.1 else r.choice(['00000000','80000000','3f800000','7f800000','ff800000','00000001','7f7fffff','7fc00000']))
f64=bad(lambda r: '~' if r.random()<.1 else r.choice(['0000000000000000','8000000000000000','3ff0000000000000','7ff0000000000000','fff0000000000000','0000000000000001','7fefffffffffffff','7ff8000000000000','4024000000000000']))
bo=lambda r: raw(r.choice([b'\0',b'\1',b'\1',b'\0',b'\2',b'',b'\0\0',None]))
uu=lambda r: s(r.choice(['123e4567-e89b-12d3-a456-426614174000','00000000-0000-0000-0000-000000000000','ffffffff-ffff-ffff-ffff-ffffffffffff','nonsense','123e4567e89b12d3a456426614174000',None]))
by=lambda r: raw(r.choice([b'',b'\0',b'\xff\xfe',b'abc',None]))
make('primitives',[('i16-i32',i16,i32),('f32-f64',f32,f64),('f64-bool',f64,bo),('uuid-bytes',uu,by),('bool-i64',bo,bad(LV)),('bytes-str',by,SV)],500)
make('processing-continues',[('in',K,LS)],200)
make('processing-dead-letters',[('in',K,BADL)],200)
make('processing-fails',[('in',K,LS)],60)
r=random.Random(5)
write('deserialization-fails',[f'R in {s("a")} {i64(1)} 5',f'R in {s("b")} {i64(2)} 6',f'R in {s("b")} 0011 7',f'R in {s("a")} {i64(1)} 8'])
make('own-handlers',[('in',K,BADL)],200)
make('default-extractor',[('in',K,LS)],120,0,0.2)
make('cached',[('in',K,LS),('in',K,LS),('table',K,LS)],250)
RV=lambda r: s(None if r.random()<.1 else r.choice(['dab','abc','xyz','','q']))
make('serdes',[('in',RV,RV),('in',K,RV),('table',RV,RV),('table',K,RV)],300)
make('windowed-keys',[('in',K,LS)],200)
make('tables',[('in',K,LS),('in',K,LS),('people-topic',K,SV),('cities',K,SV)],260)
make('clocks',[('in',K,LS)],200,0.1)
for n in ('window-rocks','window-memory','window-rocks-duplicates','window-memory-duplicates'): make(n,[('in',K,LS)],200)
make('names',[('a',K,SV),('c',K,SV),('t',K,SV)],10)
make('cached-chain',[('in',K,LS)],200)
