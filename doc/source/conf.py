"""How the documentation is built."""

import importlib.metadata

project = 'doctor_core'
copyright = '2026, doctor_core developers'
version = release = importlib.metadata.version('doctor-core')

extensions = [
    'sphinx.ext.autodoc',
    'cliff.sphinxext',
    'openstackdocstheme',
    'oslo_config.sphinxext',
    'stevedore.sphinxext',
]

root_doc = 'index'
exclude_patterns = ['_build']

html_theme = 'openstackdocs'
html_static_path = ['_static']
html_css_files = ['tables.css']
openstackdocs_repo_name = ''
openstackdocs_auto_name = False
openstackdocs_auto_version = False
openstackdocs_use_storyboard = False
html_theme_options = {'show_other_versions': False}
pygments_style = 'native'

autodoc_member_order = 'bysource'
autodoc_typehints = 'description'
autodoc_default_options = {'members': True, 'show-inheritance': True}
