"""Types of the generated library: scalars, a list of hard structures, and random ones."""

PREAMBLE = '''typedef void *pointer;
typedef int vector8i __attribute__((vector_size(8)));
typedef float vector8f __attribute__((vector_size(8)));
typedef signed char vector8c __attribute__((vector_size(8)));
typedef int vector16i __attribute__((vector_size(16)));
typedef double vector16d __attribute__((vector_size(16)));
typedef double vector8d __attribute__((vector_size(8)));
typedef short vector4h __attribute__((vector_size(4)));
typedef int vector32i __attribute__((vector_size(32)));
enum plain { PLAIN_0, PLAIN_1 = 77, PLAIN_2 = 0x7fffffff };
enum negative { NEGATIVE_0 = -5, NEGATIVE_1, NEGATIVE_2 = 1000 };
enum __attribute__((packed)) tiny { TINY_0, TINY_1, TINY_2 = 200 };
enum huge { HUGE_0 = -1, HUGE_1 = 0x123456789abcdefLL };'''


class Scalar:
    def __init__(self, name, size, kind='integer', refusal=None, align=None):
        self.name, self.size, self.kind, self.refusal = name, size, kind, refusal
        self.align = align or size
        self.narrow = kind in ('integer', 'bool') and size <= 4
        self.homogeneous = False

    def make(self, seed):
        if self.kind == 'bool':
            return f'(_Bool)(pick({seed}) & 1)'
        if self.kind in ('integer', 'pointer'):
            return f'({self.name})pick({seed})'
        if self.kind == 'vector':
            return f'({self.name})(long __attribute__((vector_size(8)))){{(long)pick({seed})}}'
        if self.name in ('float', 'double'):
            return f'pick_{self.name}({seed})'
        return f'({self.name}){{0}}'  # one of those that are refused

    def hash(self, h, value):
        if self.name == 'char':
            return f'mix({h}, (unsigned char){value})'
        if self.kind == 'vector':
            return f'mix({h}, (u64)(((long __attribute__((vector_size(8))))({value}))[0]))'
        if self.name in ('float', 'double'):
            return f'mix({h}, bits_of_{self.name}({value}))'
        if self.kind == 'other':
            return h
        return f'mix({h}, (u64){value})'

    def widen(self, value, garbage):
        bits = self.size * 8
        return f'(((u64)({value}) & {hex((1 << bits) - 1)}) | ({garbage}) << {bits})'


SCALARS = [
    Scalar('_Bool', 1, 'bool'), Scalar('char', 1), Scalar('signed char', 1),
    Scalar('unsigned char', 1), Scalar('short', 2), Scalar('unsigned short', 2), Scalar('int', 4),
    Scalar('unsigned', 4), Scalar('long', 8), Scalar('unsigned long', 8), Scalar('long long', 8),
    Scalar('unsigned long long', 8), Scalar('enum plain', 4), Scalar('enum negative', 4),
    Scalar('enum tiny', 1), Scalar('enum huge', 8), Scalar('float', 4, 'float'),
    Scalar('double', 8, 'float'), Scalar('pointer', 8, 'pointer'), Scalar('vector8i', 8, 'vector'),
    Scalar('vector8f', 8, 'vector'), Scalar('vector8c', 8, 'vector'),
]
REFUSED_SCALARS = [
    Scalar('long double', 16, 'other', 'long double'),
    Scalar('_Complex float', 8, 'other', 'complex float'),
    Scalar('_Complex double', 16, 'other', 'complex double'),
    Scalar('_Complex long double', 32, 'other', 'complex long double'),
    Scalar('__int128', 16, 'other', '__int128'),
    Scalar('vector16i', 16, 'other', 'vector'), Scalar('vector16d', 16, 'other', 'vector'),
    Scalar('vector8d', 8, 'other', 'vector'), Scalar('vector4h', 4, 'other', 'vector'),
    Scalar('vector32i', 32, 'other', 'vector'),
]


def by_name(name):
    return next(s for s in SCALARS + REFUSED_SCALARS if s.name == name)


class Member:
    """dimensions: of an array; width: of a bit-field."""

    def __init__(self, of, dimensions=(), width=None):
        self.of, self.dimensions, self.width = of, dimensions, width

    def size(self):
        n = self.of.size
        for d in self.dimensions:
            n *= d
        return n


class Aggregate:
    """active: the member of a union that is set and looked at."""
    narrow = False
    kind = 'aggregate'

    def __init__(self, number, members, union=False, active=0, attribute='', packed=False,
                 refusal=None, homogeneous=False):
        self.number, self.members, self.union, self.active = number, members, union, active
        self.attribute = '__attribute__((packed)) ' if packed else attribute
        self.name = f'{"union" if union else "struct"} t{number}'
        self.refusal = refusal or next((m.of.refusal for m in members
                                        if m.of.refusal and m.of.size), None)
        self.homogeneous = homogeneous
        self.packed = packed
        self.lay_out()
        body = ' '.join(self.member_text(i, m) for i, m in enumerate(members))
        self.declaration = f'{self.name} {{ {body} }} {self.attribute};'

    def lay_out(self):
        """Size and alignment, for bit-fields not less than they are."""
        at, self.align = 0, 1
        for m in self.members:
            align = 1 if self.packed else m.of.align
            self.align = max(self.align, align)
            if self.union:
                at = max(at, m.size())
            else:
                at = (at + align - 1) // align * align + m.size()
        self.size = (at + self.align - 1) // self.align * self.align

    def member_text(self, i, m):
        if m.width == 0:
            return f'{m.of.name} : 0;'
        dimensions = ''.join(f'[{d}]' for d in m.dimensions)
        return f'{m.of.name} m{i}{dimensions}{f" : {m.width}" if m.width else ""};'

    def leaves(self):
        """(path, scalar) of all that is looked at."""
        out = []
        for i, m in enumerate(self.members):
            if m.width == 0 or (self.union and i != self.active):
                continue
            places = [f'.m{i}']
            for d in m.dimensions:
                places = [f'{p}[{n}]' for p in places for n in range(d)]
            for p in places:
                if isinstance(m.of, Aggregate):
                    out += [(p + q, s) for q, s in m.of.leaves()]
                else:
                    out.append((p, m.of))
        return out

    def make(self, seed):
        return f'make{self.number}({seed})'

    def hash(self, h, value):
        return f'hash{self.number}({h}, &{value})'

    def functions(self):
        """Padding is set too, to see that nobody takes it for more."""
        if self.refusal:
            return (f'static inline {self.name} make{self.number}(u64 s) {{ {self.name} v; '
                    f'memset(&v, (int)s, sizeof v); return v; }}\n'
                    f'static inline u64 hash{self.number}(u64 h, const {self.name} *v)'
                    '{ (void)v; return h; }')
        leaves = self.leaves()
        made = ' '.join(f'v{p} = {s.make(f"mix(s, {i})")};' for i, (p, s) in enumerate(leaves))
        seen = ' '.join(f'h = {s.hash("h", f"(*v){p}")};' for p, s in leaves)
        return (f'FUNCTION {self.name} make{self.number}(u64 s) {{ {self.name} v; '
                f'memset(&v, (int)s, sizeof v); {made} return v; }}\n'
                f'FUNCTION u64 hash{self.number}(u64 h, const {self.name} *v) {{ {seen} return h; }}')


class Types:
    def __init__(self):
        self.list = []

    def add(self, *members, **options):
        made = [m if isinstance(m, Member) else Member(m if not isinstance(m, str) else by_name(m))
                for m in members]
        self.list.append(Aggregate(len(self.list), made, **options))
        return self.list[-1]


def array(of, *dimensions):
    return Member(by_name(of) if isinstance(of, str) else of, dimensions)


def bits(of, width):
    return Member(by_name(of), (), width)


def add_homogeneous(t):
    for of in ('float', 'double'):
        for n in range(1, 6):
            t.add(*[of] * n, homogeneous=n <= 4)
        inner = t.add(of, of, homogeneous=True)
        t.add(inner, of, homogeneous=True)
        t.add(inner, inner, homogeneous=True)
        t.add(array(inner, 2), of)
        t.add(array(of, 3), homogeneous=True)
        t.add(array(of, 2, 2), homogeneous=True)
        t.add(array(of, 4), inner, union=True, homogeneous=True)
        t.add(array(of, 4), inner, union=True, active=1, homogeneous=True)
        t.add(of, 'int', union=True)
        t.add(array(of, 2), 'long', union=True)
        t.add(array(of, 4), array('int', 4), union=True, active=1)
    t.add('float', 'double')
    t.add('double', 'float')
    t.add('float', 'double', union=True)
    for of in ('vector8i', 'vector8f'):
        t.add(of, homogeneous=True)
        t.add(of, of, of, homogeneous=True)
        t.add(of, 'double')
        t.add(of, 'int')
    t.add('vector8i', 'vector8f', homogeneous=True)


def add_mixed(t):
    t.add('float', 'int')
    t.add('int', 'float')
    t.add('double', 'int')
    t.add('int', 'double')
    t.add('float', 'float', 'int')
    t.add('float', 'float', 'int', 'float')
    t.add('float', 'float', 'float', 'int')
    t.add('char')
    t.add('_Bool', '_Bool')
    t.add('short', 'char')
    t.add('long')
    t.add('long', 'char')
    t.add('long', 'long')
    t.add('pointer', 'int')
    t.add('long', 'double', 'char')
    t.add('long', 'long', 'long')
    t.add('double', 'double', 'long', 'double')
    for n in (2, 3, 5, 6, 7, 9, 11, 12, 13, 15, 16, 17, 31, 33, 64):
        t.add(array('unsigned char', n))
    t.add(array('short', 3))
    t.add(array('short', 7))
    t.add(array('int', 3))
    pair = t.add('short', 'float')
    t.add(pair, 'char')
    t.add(array(pair, 3), 'double')
    t.add(pair, array('long', 2), union=True, active=1)
    empty = t.add(refusal='of no known size')
    t.add('int', empty)
    t.add('long', 'short', array('char', 0))
    t.add('int', array('double', 0))


def add_bit_fields(t):
    t.add(bits('int', 3), bits('int', 7), bits('unsigned', 22))
    t.add(bits('int', 20), bits('int', 20))
    t.add(bits('long', 40), bits('long', 40))
    t.add('char', bits('int', 20))
    t.add('float', bits('int', 5))
    t.add(bits('unsigned char', 3), bits('unsigned short', 9), bits('unsigned', 17))
    t.add(bits('int', 5), bits('int', 0), bits('int', 6))
    t.add('short', bits('unsigned long', 33), 'char')
    t.add(bits('int', 20), bits('int', 20), packed=True)
    t.add('char', bits('long', 37), bits('int', 11), packed=True)
    t.add(array('char', 4), bits('int', 8), packed=True)
    t.add('double', bits('long', 60), bits('int', 9))
    t.add(bits('_Bool', 1), bits('unsigned', 31))


def add_packed(t):
    t.add('char', 'int', packed=True)
    t.add('short', 'double', packed=True)
    t.add('char', 'double', packed=True)
    t.add('char', 'long', 'int', packed=True)
    t.add('float', 'double', packed=True)
    t.add('char', 'float', packed=True)
    t.add('float', 'float', packed=True)
    t.add('char', 'long', 'long', packed=True)
    t.add('char', 'char', 'short', packed=True)
    inner = t.add('char', 'short', packed=True)
    t.add('int', inner, 'char')
    t.add(inner, inner, 'double')


def add_refused(t):
    """Those that no signature can tell, or libffi not pass."""
    aligned = '__attribute__((aligned(16)))'
    t.add('long', attribute=aligned, refusal='aligned to 16')
    t.add('int', 'double', attribute=aligned, refusal='aligned to 16')
    t.add('float', attribute=aligned, refusal='aligned to 16')
    t.add('double', 'double', attribute=aligned, refusal='aligned to 16')
    t.add('float', array('int', 0), refusal='array')
    t.add('double', array('char', 0), refusal='array')
    t.add('vector16i')
    t.add('int', 'long double')
    t.add('_Complex float', 'float')
    t.add('vector16d', 'double')
    t.add('__int128', 'int', union=True)


def random_members(t, random):
    """Scalars, arrays and earlier structures up to 64 bytes."""
    members = []
    for _ in range(random.choice([1, 2, 2, 3, 3, 4, 5, 6])):
        kind = random.randrange(6)
        earlier = [x for x in t.list if not x.refusal and x.size <= 24 and x.kind == 'aggregate']
        if kind == 0:
            of = random.choice(['int', 'unsigned', 'long', 'unsigned short', 'signed char'])
            members.append(bits(of, random.randint(1, by_name(of).size * 8)))
        elif kind == 1:
            members.append(Member(random.choice(earlier)))
        elif kind == 2:
            members.append(Member(random.choice(SCALARS), (random.randint(1, 4),)))
        else:
            members.append(Member(random.choice(SCALARS)))
    return members


def add_random(t, random, count):
    end = len(t.list) + count
    while len(t.list) < end:
        members = random_members(t, random)
        union = random.random() < 0.15
        packed = not union and random.random() < 0.15
        made = t.add(*members, union=union, active=random.randrange(len(members)), packed=packed)
        if made.size > 64:
            t.list.pop()


def make_types(random):
    t = Types()
    add_homogeneous(t)
    add_mixed(t)
    add_bit_fields(t)
    add_packed(t)
    add_refused(t)
    add_random(t, random, 60)
    return t.list
