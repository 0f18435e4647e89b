"""The tab "Indices": a line for each structure, for the index that is chosen."""

import numpy as np
from layer_reflectance import NM, reflectance

from napari_udt.population.groups import Group, Population
from napari_udt.viewer.population.choices import PopulationChoices
from napari_udt.viewer.population.widgets.figures.indices import IndicesTab
from napari_udt.viewer.state.session import Session


def group(name, part, saturations):
    spectra = np.concatenate([np.repeat(reflectance(s), 4, axis=0) for s in saturations])
    subjects = np.repeat(np.arange(len(saturations)), 4)
    labels = np.zeros(len(spectra), np.int16)
    return Group(name, part, "test", spectra.astype(np.float32), labels, subjects=subjects, images=subjects)


def test_the_chosen_index_is_drawn_with_its_numbers(qtbot):
    tab = IndicesTab(Session())
    qtbot.addWidget(tab)
    tab.set_settings({"index": "StO₂ (Tivita)"})
    groups = (
        group("s", "simulated", (0.4, 0.4, 0.4)),
        group("t", "transferred", (0.7, 0.7, 0.7)),
        group("r", "real", (0.65, 0.7, 0.75)),
    )
    tab.set_population(Population("HSI", NM, ("liver",), groups), PopulationChoices())
    tab.show()
    assert tab.index.currentText() == "StO₂ (Tivita)"
    assert tab.settings() == {"index": "StO₂ (Tivita)"}
    (line,) = tab.lines
    assert tab._after.getData()[0][0] == line.after
    assert tab._before.getData()[0][0] == line.before
    assert "× spread" in tab.plot.getAxis("right")._tickLevels[0][0][1]
    assert "moved by more than the reference's subjects differ" in tab.statement
    with qtbot.waitSignal(tab.message) as message:
        tab.canvas.hovered.emit(tab.plot, 0.5, 0.2)
    assert message.args[0].startswith(f"liver: {line.before:.3g} → {line.after:.3g}; reference")
    tab.index.setCurrentIndex(0)
    tab.index.activated.emit(0)
    assert tab.lines[0].after != line.after
    tab.set_population(Population("HSI", NM, ("liver",), groups[2:]), PopulationChoices())
    assert tab.lines == []
    assert tab.statement.startswith("No index can be compared")
