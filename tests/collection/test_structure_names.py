from napari_udt.collection.structure_names import suggested_names

CLASSES = ("liver", "skin", "small_bowel", "vein", "artery")


def test_a_class_that_is_meant_comes_before_names_with_similar_letters():
    assert suggested_names("vessel", ["vessels of the hand"], CLASSES)[:2] == ["vein", "artery"]
    assert suggested_names("small intestine", [], CLASSES)[0] == "small bowel"


def test_near_names_are_found_without_a_model():
    assert suggested_names("Liver left", ["spleen", "liver"]) == ["liver"]
    assert suggested_names("Leber", ["liver", "Haut"]) == ["liver"]
    assert suggested_names("Haut", ["liver", "muscle", "fat"]) == []


def test_names_of_one_tissue_in_other_languages_are_found():
    assert suggested_names("Haut", ["fat", "skin"], ("liver", "fat")) == ["skin"]
    assert suggested_names("Dünndarm", [], CLASSES) == ["small bowel"]
    assert suggested_names("lien", ["vein", "spleen"])[0] == "spleen"


def test_a_name_that_the_model_knows_keeps_it():
    assert suggested_names("Small-Bowel", ["small bowels"], CLASSES) == []
    assert suggested_names("liver", ["Liver"]) == ["Liver"]  # another spelling is another name
