"""Nothing in the course may say that a mushroom is safe to eat.

Every sentence that touches the subject, in the README, the notebooks (text, code and outputs), the library, the tools and the
benchmarks, must stand word for word on one of two lists: DENIALS, which are checked to deny, and OTHER_SENSE, where the word means
something else. So whatever is new is read by a person before it is on a list, and what is gone must be taken off.
"""
import ast
import io
import json
import re
import tokenize

import pytest

from tools.notebooks import NBS, TOP, read, source

DENIALS = {
    "And no answer of a program says that a mushroom may be eaten.",
    "No threshold makes a model fit to decide whether a mushroom may be eaten.",
    "Nothing in it can tell you that a mushroom may be eaten.",
}
OTHER_SENSE = {
    "A collection of frames from medical videos is sorted into two classes, benign and malignant.",
    "A kitchen knife with a wooden or black handle.",
    "How deep slugs have eaten, 0 to 1.",
    "That is not enough to be safe: timm's `efficientnet_lite0`, without `tf_`, has the same shapes and pads its convolutions differently.",
    "That is the harmless half.",
    "eat",  # a command that `mushrooms` refuses
}
SUBJECT = re.compile(r"""\b(
    (in|un)?edib\w+ | (un)?eat(s|en|ing|er|ers|able)? | ate | (un)?cook(s|ed|ing|able)? | fr(y|ies|ied|ying) | pans? | kitchens?
    | (dis)?tast(e|es|ed|ing|y|ier|iest|eful) | delicious\w* | delicac(y|ies) | yummy | palatab\w+ | savou?ry | appeti[sz]ing
    | safe(r|st|ly|ty)? | (un)?harm(ful|less)\w* | innocuous | benign | (non-?)?(poison|toxi|venom)\w*
    | meals? | dinners? | lunch(es)? | suppers? | breakfasts? | foods? | culinary | cuisine | gourmet | nutriti\w+ | digestible | ingest\w*
    | consum(e|ed|es|able|ption)
    | for\ the\ (pot|plate|basket) | (not|no|never|non|\w+n['’]t)[\ -](\w+\ ){0,2}(dangerous|deadly|lethal)
)\b""", re.I | re.X)
DANGER = re.compile(r"poison|toxi|venom|harmful|dangerous|deadly|lethal", re.I)  # to deny this is to reassure
NEGATIVE = re.compile(r"\b(no|not|never|nothing|nobody|none|neither|cannot|\w+n['’]t)\b", re.I)
CLAUSE = re.compile(r"[,;:()–—…]|\s-+\s|\b(?:and|but|yet|because|since|although|though|while)\b", re.I)
TURNS_ROUND = re.compile(r"""\b(
    not\ (only|just|merely|in|un) | no\ (doubt|question|problem|wonder) | (nobody|no\ one|none)\ (doubts|denies|disputes)
    | never\ (fear|mind|worry|fails?) | nothing\ (but|wrong|better) | (cannot|can't|could\ not)\ (but|help|go\ wrong)
    | only | other | better | more | as | than | too | so | (in|un)edib\w* | (un|non-?)(harm|poison|toxi)\w*
)\b""", re.I | re.X)
CONDITION = re.compile(r"\b(unless|until|without|except|raw|if|when|before)\b", re.I)


def denies(sentence):
    """Whether one plain denial stands before each word of the subject, in the same clause, and nothing turns it round.

    A pattern cannot read: "nobody ever died of eating it" passes. That is why a person reads what goes on the lists.
    """
    if CONDITION.search(sentence):
        return False
    for word in SUBJECT.finditer(sentence):
        before = CLAUSE.split(sentence[:word.start()])[-1]
        after = CLAUSE.split(sentence[word.end():])[0]
        if DANGER.search(word[0]):
            return False
        if len(NEGATIVE.findall(before)) != 1 or TURNS_ROUND.search(before + word[0] + after):
            return False
    return True


def sentences(text):
    "The sentences of a text in Markdown, also those that are wrapped over lines; each cell of a table by itself."
    text = re.sub(r"[*`]{2,}|(?<!\w)[*]|[*](?!\w)", "", text)
    text = re.sub(r"\n\s*(?=[-+>#|\d])", "\n\n", text)
    for paragraph in re.split(r"\n\s*\n|\|", text):
        for sentence in re.split(r"(?<=[.!?])\s+", " ".join(paragraph.split())):
            yield sentence.lstrip("#->+ ")


def said_in_code(code):
    "What Python code says: its texts, its comments and the words in its names."
    code = re.sub(r"^\s*[%!].*$", "", code, flags=re.M)
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    comments = {}
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NAME:
            yield token.string.replace("_", " ")
        elif token.type == tokenize.COMMENT:
            row = token.start[0]
            comments[row] = comments.pop(row - 1, "") + " " + token.string.lstrip("#| ")
    yield from comments.values()


def said_in_output(output):
    "What a stored output says, a line each, without HTML's tags."
    for kind, value in {"text": output.get("text", ""), **output.get("data", {})}.items():
        if not kind.startswith("image/"):
            text = value if isinstance(value, str) else "".join(value) if isinstance(value, list) else json.dumps(value)
            yield from re.sub(r"<[^>]*>", " ", text).split("\n")


def said_in_notebook(book):
    "What a notebook says in text, code and outputs."
    for cell in book["cells"]:
        if cell["cell_type"] == "markdown":
            yield source(cell)
        elif cell["cell_type"] == "code":
            yield from said_in_code(source(cell))
            for output in cell["outputs"]:
                yield from said_in_output(output)


def said_in(path):
    "What a file of the course says."
    if path.suffix == ".ipynb":
        return said_in_notebook(read(path))
    text = path.read_text(encoding="utf-8")
    return said_in_code(text) if path.suffix == ".py" else [text]


def about_eating(texts):
    "The sentences that touch the subject."
    return {s for text in texts for s in sentences(text) if SUBJECT.search(s)}


def course():
    "Every file that the course speaks in."
    files = [p for kind in ("*.md", "*.ini", "*.toml") for p in TOP.glob(kind)]
    for folder in ("mushroom_lib", "tools", "benchmarks"):
        files += [p for p in (TOP / folder).rglob("*") if p.suffix in (".py", ".md")]
    return sorted(files) + sorted(p for p in NBS.rglob("*.ipynb") if not any(part.startswith(".") for part in p.parts))


@pytest.fixture(scope="module")
def found():
    "Each sentence about eating, with the files where it stands."
    where = {}
    for path in course():
        for sentence in about_eating(said_in(path)):
            where.setdefault(sentence, []).append(path.relative_to(TOP).as_posix())
    return where


def test_every_sentence_about_eating_was_read_by_a_person(found):
    new = {s: where for s, where in found.items() if s not in DENIALS | OTHER_SENSE}
    assert not new, "read each; put it on DENIALS or OTHER_SENSE only if it calls no mushroom safe:\n" + "\n".join(f"{s!r} in {w}" for s, w in new.items())


def test_the_lists_hold_only_what_is_there(found):
    assert (DENIALS | OTHER_SENSE) - found.keys() == set(), "gone from the course: take it off"


def test_the_course_says_it_at_the_door(found):
    "README and every lesson say that nothing in them can tell whether a mushroom may be eaten."
    doors = {"README.md", *(p.relative_to(TOP).as_posix() for p in NBS.glob("[0-9]*.ipynb"))}
    assert doors <= {w for s in DENIALS for w in found[s]}


@pytest.mark.parametrize("sentence", sorted(DENIALS))
def test_a_denial_denies(sentence):
    assert denies(sentence)


BAD = [
    "Ceps are edible.", "This one is inedible only when raw.", "You can eat it.", "People have eaten it for centuries.", "It is good for the pan.",
    "Cook it for ten minutes.", "It tastes of nuts.", "A delicious mushroom, and not rare.", "It is safe.", "A harmless species.", "It is not poisonous.",
    "It is non-toxic.", "Not toxic at all.", "No risk: it is a food mushroom.", "Not only is it safe, it is tasty.", "It is not inedible.",
    "No doubt it is edible.", "Nobody doubts that it may be eaten.", "It must be cooked.", "Never fear: you may eat it.", "There is no reason not to eat it.",
    "It is not rare and may be eaten.", "You should not eat it raw.", "Do not eat it unless the model is sure.", "No mushroom is as tasty.",
    "Nothing tastes better.", "No other mushroom is safer.", "It is no death cap, so enjoy the meal.", "I can't see why it should not be eaten.",
    "A gourmet's choice.", "Fry them in butter.", "It is not deadly.", "It isn't a dangerous one.", "Palatable when young.", "It isn't dangerous, it is edible.", "Probability of an edible species: 99 %",
]


@pytest.mark.parametrize("sentence", BAD)
def test_a_bad_sentence_is_caught_and_is_no_denial(sentence):
    assert about_eating([sentence]) - DENIALS - OTHER_SENSE
    assert not denies(sentence)


@pytest.mark.parametrize("code", [
    'print("You may\\n"\n      "eat it.")', "x = 1  # safe to eat", "def is_edible(photo):\n    return True", 'f"{label} is edible"',
    "# it may be\n# eaten", '"""The cep.\n\nA tasty\nmushroom."""', "%matplotlib inline\ntaste = 1",
])
def test_a_bad_sentence_in_code_is_caught(code):
    assert about_eating(said_in_code(code))


def test_a_bad_sentence_in_an_output_is_caught():
    cell = dict(cell_type="code", source=[], outputs=[dict(output_type="display_data", data={"text/html": ["<b>You can</b>", " <i>eat</i> it"]})])
    assert about_eating(said_in_notebook(dict(cells=[cell])))
    assert about_eating(said_in_output(dict(output_type="stream", text=["cep\n", "edible: yes\n"])))


def test_a_sentence_over_two_lines_is_one():
    assert list(sentences("A cep\nis a\nmushroom. It *grows*.")) == ["A cep is a mushroom.", "It grows."]
    assert about_eating(["**Nothing in it can tell\nyou that a mushroom\nmay be eaten.**"]) == {"Nothing in it can tell you that a mushroom may be eaten."}


@pytest.mark.parametrize("text", ["A recipe of training.", "It keeps no cookies.", "The ribbed, mealy stem.", "model.safetensors", "a digest of the file"])
def test_other_words_are_left_alone(text):
    assert not about_eating([text])
