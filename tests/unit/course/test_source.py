"""The authored format: markers, stubs, magics, and what breaks the rules."""

import textwrap

import jupytext
import pytest

from lab.course import manifest
from lab.course.source import Cell, SourceError, exercises, parse, raw_cells


def cell(text, **more):
    return Cell("code", textwrap.dedent(text).strip("\n"), **more)


PUBLISH = cell(
    """
    ex1 = exercise("l02.publish")
    def send():
        ### BEGIN SOLUTION
        #: # TODO: send it
        #: return None
        client = connect()  # a comment of the answer
        # only a comment
        return client.send()
        ### END SOLUTION
    send()
    """
)


def test_the_solution_has_the_answer_and_no_marker():
    assert PUBLISH.solution == textwrap.dedent(
        """\
        ex1 = exercise("l02.publish")
        def send():
            client = connect()  # a comment of the answer
            # only a comment
            return client.send()
        send()"""
    )


def test_the_stub_has_the_stub_lines_at_their_indentation():
    assert PUBLISH.stub == textwrap.dedent(
        """\
        ex1 = exercise("l02.publish")
        def send():
            # TODO: send it
            return None
        send()"""
    )


def test_only_code_counts_as_lines_to_write():
    assert len(PUBLISH.to_write) == 2


def test_an_answer_replaces_the_marked_part_at_its_indentation():
    assert "def send():\n    return 1\nsend()" in PUBLISH.answered("return 1")


def test_an_answer_replaces_everything_between_the_first_and_the_last_marker():
    two = cell("a\n### BEGIN SOLUTION\nb\n### END SOLUTION\nc\n### BEGIN SOLUTION\nd\n### END SOLUTION\ne")
    assert two.answered("x") == "a\nx\ne"
    assert two.stub == "a\nc\ne"


@pytest.mark.parametrize(
    "text",
    [
        "### BEGIN SOLUTION\nx = 1",
        "x = 1\n### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
        "#: # TODO outside",
    ],
)
def test_unpaired_markers_are_refused(text):
    with pytest.raises(SourceError):
        parse(f"# %%\n{text}\n")


def test_percent_cells_carry_tags_and_id():
    (found,) = parse('# %% tags=["exercise", "setup"] id="l02.publish"\nx = 1\n')
    assert found.exercise == "l02.publish"
    assert found.has("setup")
    assert not found.has("check")


def test_markdown_comes_without_comment_signs():
    (found,) = parse("# %% [markdown]\n# # Heading\n# text\n")
    assert (found.kind, found.text) == ("markdown", "# Heading\ntext")


def test_a_magic_cell_is_written_as_comments():
    (found,) = parse(
        '# %% tags=["exercise"] id="l08.x" magic="flux --exercise ex1 l08.x"\n'
        '# from(bucket: "b")\n# ### BEGIN SOLUTION\n# #: // TODO: limit it\n#     |> limit(n: 1)\n# ### END SOLUTION\n'
    )
    assert found.solution == '%%flux --exercise ex1 l08.x\nfrom(bucket: "b")\n    |> limit(n: 1)'
    assert found.stub == '%%flux --exercise ex1 l08.x\nfrom(bucket: "b")\n// TODO: limit it'
    assert found.to_write == ["    |> limit(n: 1)"]


@pytest.mark.parametrize("options", ['tags=["exercise"]', 'id="l02.x"', 'tagz=["setup"]'])
def test_unknown_or_half_options_are_refused(options):
    with pytest.raises(SourceError):
        parse(f"# %% {options}\nx = 1\n")


def test_an_id_stands_once():
    (found,) = parse('# %% tags=["exercise"] id="l02.x"\nx = 1\n')
    with pytest.raises(SourceError, match="twice"):
        exercises((found, found))


@pytest.mark.parametrize("lesson", manifest.authored(), ids=lambda lesson: lesson.id)
def test_jupytext_reads_every_lesson_in_the_same_way(lesson):
    text = lesson.source.read_text()
    read = [
        (cell.cell_type, {k: v for k, v in cell.metadata.items() if k != "lines_to_next_cell"}, cell.source)
        for cell in jupytext.reads(text, fmt="py:percent").cells
    ]
    assert read == list(raw_cells(text))


@pytest.mark.parametrize("options", ["tags=[", 'id="x" nonsense', "tags=[x]", "id=x", 'magic="flux'])
def test_options_that_cannot_be_read_are_an_error(options):
    with pytest.raises(SourceError, match="options of a cell cannot be read"):
        parse(f"# %% {options}\nx = 1\n")
